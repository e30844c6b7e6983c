import type { DomainError, ErrorReason } from "@oi/kernel/errors";

/** Nothing happened, so an unchanged repeat is right after the time given. */
const ALWAYS: readonly ErrorReason[] = [
  "RATE_LIMITED",
  "GATEWAY_UNAVAILABLE",
  "SERVICE_UNAVAILABLE",
  "IDEMPOTENCY_IN_PROGRESS",
];
/** Something may have happened, so only a request that can be repeated without effect may be. */
const WHEN_REPEATABLE: readonly ErrorReason[] = ["INTERNAL_ERROR", "DEADLINE_EXCEEDED"];

/** What `X-Should-Retry` says. `repeatable`: a read, or a request with an Idempotency-Key. */
export function shouldRetry(reason: ErrorReason, repeatable: boolean): boolean {
  return ALWAYS.includes(reason) || (repeatable && WHEN_REPEATABLE.includes(reason));
}

/** Whole seconds for `Retry-After`, at least 1; null for refusals that carry none. */
export function retryAfterSeconds(error: DomainError): number | null {
  return ALWAYS.includes(error.reason) ? Math.max(1, Math.ceil(error.retryAfterSeconds ?? 1)) : null;
}
