import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { PostAnswer, PostForm } from "../../application/ports.ts";

/** Nothing is documented about the real gateway's patience; a merchant has answered by then or never will. */
const TIMEOUT_MS = 10_000;

/**
 * One connection per form, so that no idle one is left over when the process wants to end. Redirects are reported and not
 * followed. `stop` ends the forms that are under way.
 */
export function createPostForm(stop: AbortSignal): PostForm {
  return (url, body) =>
    new Promise<PostAnswer>((resolve) => {
      const fail = (error: Error): void =>
        resolve({ httpStatus: null, location: null, error: error.message });
      try {
        const open = url.startsWith("https:") ? requestHttps : requestHttp;
        const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
        const headers = {
          "content-type": "application/x-www-form-urlencoded",
          "content-length": Buffer.byteLength(body),
        };
        const outgoing = open(url, { method: "POST", agent: false, signal, headers }, (answer) => {
          const { statusCode = null, headers: answered } = answer;
          answer.on("error", fail);
          answer.on("end", () =>
            resolve({ httpStatus: statusCode, location: answered.location ?? null, error: null }),
          );
          answer.resume();
        });
        outgoing.on("error", fail);
        outgoing.end(body);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
}
