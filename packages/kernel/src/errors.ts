/**
 * Every reason a service may refuse a request for. The union is closed: the proto enum, the table in
 * `platform/rpc/error-map.ts`, the public contract and the error page hold exactly these.
 */
export const ERROR_REASONS = [
  "VALIDATION_ERROR",
  "UNAUTHORIZED",
  "TOKEN_EXPIRED",
  "SESSION_EXPIRED",
  "REAUTH_REQUIRED",
  "INVALID_CREDENTIALS",
  "FORBIDDEN",
  "RESOURCE_NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "RESOURCE_ALREADY_EXISTS",
  "INVALID_OPERATION_STATE",
  "IDEMPOTENCY_KEY_CONFLICT",
  "IDEMPOTENCY_IN_PROGRESS",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "RATE_LIMITED",
  "INTERNAL_ERROR",
  "GATEWAY_UNAVAILABLE",
  "SERVICE_UNAVAILABLE",
  "DEADLINE_EXCEEDED",
] as const;

export type ErrorReason = (typeof ERROR_REASONS)[number];

export type ErrorDetails = {
  /** Programs read these: short keys, values without personal data or secrets. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** For VALIDATION_ERROR: public field name → what is wrong with it. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Seconds after which a repeat is sensible; travels as `Retry-After` and `google.rpc.RetryInfo`. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
};

/** A refusal with a reason from the catalogue. The message is for people and may be shown to the caller. */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly reason: ErrorReason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(reason: ErrorReason, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.reason = reason;
    this.metadata = details.metadata ?? {};
    this.fields = details.fields ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

export function invalid(fields: Record<string, string>): DomainError {
  const [first] = Object.entries(fields);
  const message = first ? `${first[0]}: ${first[1]}` : "The request is not valid.";
  return new DomainError("VALIDATION_ERROR", message, { fields });
}

export function notFound(what: string): DomainError {
  return new DomainError("RESOURCE_NOT_FOUND", `${what} not found.`);
}

/**
 * A store's row had another version than the one loaded. It never leaves a service:
 * `retryOnConflict` loads and decides again, at most five times.
 */
export class VersionConflict extends Error {
  override readonly name = "VersionConflict";
}
