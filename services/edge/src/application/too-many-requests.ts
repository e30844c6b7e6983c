import { DomainError } from "@oi/kernel/errors";

export function tooManyRequests(message: string, retryAfterSeconds: number): DomainError {
  return new DomainError("RATE_LIMITED", message, { retryAfterSeconds });
}
