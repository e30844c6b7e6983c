import { STATUS_CODES } from "node:http";
import { DomainError, invalid } from "@oi/kernel/errors";
import { ERROR_MAP } from "@oi/platform/rpc/error-map";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { FastifyReply, FastifyRequest } from "fastify";
import { retryAfterSeconds, shouldRetry } from "../../domain/retry.ts";
import type { ErrorLinks } from "./error-links.ts";

/** Fastify's own refusals in our words; whatever nobody foresaw is a bug. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new DomainError("UNSUPPORTED_MEDIA_TYPE", "The content type cannot be read.");
  }
  if (code === "FST_ERR_BAD_URL" || code === "FST_ERR_MAX_PARAM_LENGTH") return unknownPath();
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : null;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return invalid({ request: STATUS_CODES[status] ?? "is not valid" });
  }
  return new DomainError("INTERNAL_ERROR", "Something went wrong on our side.", { cause: error });
}

export function unknownPath(): DomainError {
  return new DomainError("RESOURCE_NOT_FOUND", "There is nothing at this path.");
}

/** Reads, and writes that carry a key, may be repeated although their outcome is not known. */
function isRepeatable(request: FastifyRequest): boolean {
  return ["GET", "HEAD"].includes(request.method) || request.headers["idempotency-key"] !== undefined;
}

/** Sets status and headers that every refusal has, whether its body is JSON or a page. */
export function prepareFailure(
  request: FastifyRequest,
  reply: FastifyReply,
  error: DomainError,
  links: ErrorLinks,
): void {
  const link = links.of(error.reason);
  const retryAfter = retryAfterSeconds(error);
  reply.code(ERROR_MAP[error.reason].http);
  reply.header("x-should-retry", String(shouldRetry(error.reason, isRepeatable(request))));
  if (link !== null) reply.header("link", `<${link}>; rel="help"`);
  if (retryAfter !== null) reply.header("retry-after", String(retryAfter));
  // Whoever sends more than may be read has the rest of it still on the way.
  if (error.reason === "PAYLOAD_TOO_LARGE") reply.header("connection", "close");
}

/** Only what is wrong on our side is worth a line of its own, and only a bug is worth its stack. */
export function logFailure(log: Logger, request: FastifyRequest, error: DomainError): void {
  const { reason, cause } = error;
  if (ERROR_MAP[reason].http < 500) return;
  const line = { requestId: request.id, reason };
  if (reason === "INTERNAL_ERROR") log.error({ ...line, err: cause ?? error }, "request failed");
  else
    log.warn({ ...line, cause: cause instanceof Error ? cause.message : undefined }, "request not answered");
}
