import type { IncomingMessage } from "node:http";
import { DomainError, invalid } from "@oi/kernel/errors";
import { DISCARD_LIMIT_BYTES, DISCARD_LIMIT_MS } from "./early-answers.ts";

function tooLarge(limitBytes: number): DomainError {
  return new DomainError("PAYLOAD_TOO_LARGE", `The body is larger than ${limitBytes} bytes.`);
}

/** Reads a whole body, counting while it comes. Raises PAYLOAD_TOO_LARGE, VALIDATION_ERROR (the body broke off). */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers["content-length"] ?? 0);
    const chunks: Buffer[] = [];
    let received = 0;
    let timer: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
      if (isTooLarge()) reject(tooLarge(limitBytes));
      else resolve(Buffer.concat(chunks));
    };
    const isTooLarge = (): boolean => announced > limitBytes || received > limitBytes;
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
