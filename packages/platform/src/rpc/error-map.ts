import { Code } from "@connectrpc/connect";
import type { ErrorReason } from "@oi/kernel/errors";

export type ErrorAnswer = {
  readonly code: Code;
  readonly http: number;
  /** Whether an unchanged repeat may succeed. */
  readonly retryable: boolean;
};

/** The one table from a reason to its gRPC code and HTTP status. A missing reason does not compile. */
export const ERROR_MAP: Readonly<Record<ErrorReason, ErrorAnswer>> = {
  VALIDATION_ERROR: { code: Code.InvalidArgument, http: 400, retryable: false },
  UNAUTHORIZED: { code: Code.Unauthenticated, http: 401, retryable: false },
  TOKEN_EXPIRED: { code: Code.Unauthenticated, http: 401, retryable: false },
  SESSION_EXPIRED: { code: Code.Unauthenticated, http: 401, retryable: false },
  REAUTH_REQUIRED: { code: Code.Unauthenticated, http: 401, retryable: false },
  INVALID_CREDENTIALS: { code: Code.Unauthenticated, http: 401, retryable: false },
  FORBIDDEN: { code: Code.PermissionDenied, http: 403, retryable: false },
  RESOURCE_NOT_FOUND: { code: Code.NotFound, http: 404, retryable: false },
  METHOD_NOT_ALLOWED: { code: Code.Unimplemented, http: 405, retryable: false },
  RESOURCE_ALREADY_EXISTS: { code: Code.AlreadyExists, http: 409, retryable: false },
  INVALID_OPERATION_STATE: { code: Code.FailedPrecondition, http: 409, retryable: false },
  IDEMPOTENCY_KEY_CONFLICT: { code: Code.AlreadyExists, http: 409, retryable: false },
  IDEMPOTENCY_IN_PROGRESS: { code: Code.Aborted, http: 409, retryable: true },
  PAYLOAD_TOO_LARGE: { code: Code.InvalidArgument, http: 413, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { code: Code.InvalidArgument, http: 415, retryable: false },
  RATE_LIMITED: { code: Code.ResourceExhausted, http: 429, retryable: true },
  INTERNAL_ERROR: { code: Code.Internal, http: 500, retryable: false },
  GATEWAY_UNAVAILABLE: { code: Code.Unavailable, http: 503, retryable: true },
  SERVICE_UNAVAILABLE: { code: Code.Unavailable, http: 503, retryable: true },
  DEADLINE_EXCEEDED: { code: Code.DeadlineExceeded, http: 504, retryable: true },
};
