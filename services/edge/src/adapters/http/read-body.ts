import type { IncomingMessage } from "node:http";
import { DomainError, invalid } from "@oi/kernel/errors";

/** The most a request may carry. */
const BODY_LIMIT_BYTES = 64 * 1024;
/**
 * A socket closed with unread bytes resets the connection and takes the answer with it, so a body that is too large is
 * read on and thrown away: this much, for this long.
 */
const DISCARD_LIMIT_BYTES = 1024 * 1024;
const DISCARD_LIMIT_MS = 1_000;

function tooLarge(): DomainError {
  return new DomainError("PAYLOAD_TOO_LARGE", `The body is larger than ${BODY_LIMIT_BYTES} bytes.`);
}

/** Reads a whole body, counting while it comes. Raises PAYLOAD_TOO_LARGE, VALIDATION_ERROR (the body broke off). */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers["content-length"] ?? 0);
    const chunks: Buffer[] = [];
    let received = 0;
    let timer: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
      if (isTooLarge()) reject(tooLarge());
      else resolve(Buffer.concat(chunks));
    };
    const isTooLarge = (): boolean => announced > BODY_LIMIT_BYTES || received > BODY_LIMIT_BYTES;
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      if (!isTooLarge()) {
        chunks.push(chunk);
        return;
      }
      timer ??= setTimeout(settle, DISCARD_LIMIT_MS);
      if (received > DISCARD_LIMIT_BYTES) settle();
    };
    const onEnd = (): void => settle();
    const onBroken = (): void => {
      clearTimeout(timer);
      reject(invalid({ body: "did not arrive completely" }));
    };
    request.on("data", onData).once("end", onEnd).once("error", onBroken).once("close", onBroken);
  });
}
