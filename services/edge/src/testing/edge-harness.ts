import { request } from "node:http";
import type { Logger } from "@oi/platform/telemetry/logger";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { expect } from "vitest";
import { type MemoryCheckouts, memoryCheckouts } from "../adapters/memory/memory-checkouts.ts";
import { createApp, type EdgeApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { sendBytes } from "./raw-socket.ts";
import { API_KEY, API_SECRET, type StubPayments, stubPayments } from "./stub-services.ts";
import { type StubLedger, type StubWebhooks, stubLedger, stubWebhooks } from "./stub-sources.ts";

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

export type EdgeHarness = AsyncDisposable & {
  readonly app: EdgeApp;
  readonly payments: StubPayments;
  readonly checkouts: MemoryCheckouts;
  readonly ledger: StubLedger;
  readonly webhooks: StubWebhooks;
  /** One request, sent as it is: no redirect is followed, no header is added but Host and the body's length. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** The same with the headers of an authenticated JSON request. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Bytes on a socket; everything that comes back until it closes. */
  raw(text: string): Promise<string>;
};

type SendOptions = {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
};

export const CREDENTIALS = { "x-api-key": API_KEY, "x-api-secret": API_SECRET };

function sendTo(base: string, method: string, path: string, { headers = {}, body }: SendOptions) {
  return new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const outgoing = request(
      { hostname, port, method, path, headers: { ...length, ...headers }, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

export type EdgeOptions = {
  readonly env?: Record<string, string>;
  readonly log?: Logger;
  /** These are called at the addresses of the configuration, where nobody listens. */
  readonly away?: readonly ("ledger" | "webhooks")[];
};

/** The whole edge on a free port, with services of a few lines behind it. */
export async function startEdge(options: EdgeOptions = {}): Promise<EdgeHarness> {
  const { away = [] } = options;
  const checkouts = memoryCheckouts();
  const payments = stubPayments(checkouts);
  const [ledger, webhooks] = [stubLedger(), stubWebhooks()];
  const config = readConfig({ PORT: "0", OPS_PORT: "0", ...options.env });
  const app = await createApp(config, {
    log: options.log ?? silentLogger(),
    transports: {
      payments: payments.transport,
      ...(away.includes("ledger") ? {} : { ledger: ledger.transport }),
      ...(away.includes("webhooks") ? {} : { webhooks: webhooks.transport }),
    },
  });
  const send: EdgeHarness["send"] = (method, path, sendOptions = {}) =>
    sendTo(app.url, method, path, sendOptions);
  return {
    app,
    payments,
    checkouts,
    ledger,
    webhooks,
    send,
    call: (method, path, body, headers = {}) => {
      const all = { ...CREDENTIALS, "content-type": "application/json", ...headers };
      if (body === undefined) return send(method, path, { headers: all });
      const isRaw = typeof body === "string" || body instanceof Uint8Array;
      return send(method, path, { headers: all, body: isRaw ? body : JSON.stringify(body) });
    },
    raw: (text) => sendBytes(app.url, text),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** What a refusal says, without the address where more is said. */
export function sentenceOf(answer: Answer): string {
  return JSON.parse(answer.text).meta.message.split(" See ")[0];
}

/** Everything that a refusal in JSON must be, whatever it refuses. */
export function expectRefusal(
  answer: Answer,
  status: number,
  errorCode: string,
): Record<string, string> | null {
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  const envelope = JSON.parse(answer.text);
  expect(Object.keys(envelope)).toEqual(["data", "meta", "pagination"]);
  expect(Object.keys(envelope.meta)).toEqual(["success", "message", "errorCode", "timestamp", "requestId"]);
  expect(envelope.meta).toMatchObject({ success: false, errorCode, message: expect.any(String) });
  expect(envelope.meta.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(envelope.meta.requestId).toBe(answer.headers["x-request-id"]);
  expect(envelope.pagination).toBeNull();
  expect(answer.headers["x-should-retry"]).toMatch(/^(true|false)$/);
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  const help = /^<(https?:\/\/[^/]+\/docs\/errors#([A-Z_]+))>; rel="help"$/.exec(`${answer.headers.link}`);
  expect(help?.[2]).toBe(errorCode);
  expect(envelope.meta.message).toMatch(/[.!?] See [^ ]+$/);
  expect(envelope.meta.message.split(" See ").at(-1)).toBe(help?.[1]);
  return envelope.data;
}
