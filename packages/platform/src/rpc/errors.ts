import { create } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { DomainError, ERROR_REASONS, type ErrorReason } from "@oi/kernel/errors";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@oi/proto/google/rpc/error_details";
import { type Status, StatusSchema } from "@oi/proto/google/rpc/status";
import { ERROR_MAP } from "./error-map.ts";

const ERROR_DOMAIN = "oi";

/** A refusal as it travels: code, message and the standard details. */
export function toConnectError(error: DomainError): ConnectError {
  const violations = Object.entries(error.fields).map(([field, description]) => ({ field, description }));
  const details: ConstructorParameters<typeof ConnectError>[3] = [
    {
      desc: ErrorInfoSchema,
      value: { reason: error.reason, domain: ERROR_DOMAIN, metadata: { ...error.metadata } },
    },
  ];
  if (violations.length > 0) details.push({ desc: BadRequestSchema, value: { fieldViolations: violations } });
  if (error.retryAfterSeconds !== undefined) {
    const retryDelay = create(DurationSchema, { seconds: BigInt(Math.ceil(error.retryAfterSeconds)) });
    details.push({ desc: RetryInfoSchema, value: { retryDelay } });
  }
  return new ConnectError(error.message, ERROR_MAP[error.reason].code, undefined, details);
}

/** An error as a message: what `grpc-status-details-bin` carries, and what a batch answers for one of its items. */
export function toStatus(failure: ConnectError): Status {
  const details = failure.details.flatMap((detail) =>
    "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
  );
  return create(StatusSchema, { code: failure.code, message: failure.rawMessage, details });
}

/** The other way round: how the details of a message stand in Connect's error. */
export function incomingDetails({ details }: Status): ConnectError["details"] {
  return details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
}

/** The refusal of one item of a batch as a DomainError. */
export function fromStatus(status: Status): DomainError {
  const failure = new ConnectError(status.message, status.code);
  failure.details = incomingDetails(status);
  return fromRpcError(failure);
}

/** What a call without our details means: the peer is not there, or the time ran out, or something is broken. */
function reasonOfCode(code: Code): ErrorReason {
  if (code === Code.DeadlineExceeded || code === Code.Canceled) return "DEADLINE_EXCEEDED";
  if (code === Code.Unavailable || code === Code.ResourceExhausted) return "SERVICE_UNAVAILABLE";
  return "INTERNAL_ERROR";
}

function isReason(text: string): text is ErrorReason {
  return (ERROR_REASONS as readonly string[]).includes(text);
}

/** The refusal that a peer sent, or the trouble on the way to it, as a DomainError. */
export function fromRpcError(error: unknown): DomainError {
  const connectError = ConnectError.from(error);
  const [info] = connectError.findDetails(ErrorInfoSchema);
  if (!info || info.domain !== ERROR_DOMAIN || !isReason(info.reason)) {
    const reason = reasonOfCode(connectError.code);
    const retry = ERROR_MAP[reason].http === 503 ? { retryAfterSeconds: 1 } : {};
    return new DomainError(reason, "The service cannot answer just now.", { cause: error, ...retry });
  }
  const [badRequest] = connectError.findDetails(BadRequestSchema);
  const [retryInfo] = connectError.findDetails(RetryInfoSchema);
  const retryDelay = retryInfo?.retryDelay;
  return new DomainError(info.reason, connectError.rawMessage, {
    metadata: info.metadata,
    fields: Object.fromEntries(badRequest?.fieldViolations.map((v) => [v.field, v.description]) ?? []),
    ...(retryDelay ? { retryAfterSeconds: Number(retryDelay.seconds) } : {}),
    cause: error,
  });
}

/** Awaits a call and raises its failure as a DomainError. */
export async function rpc<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw fromRpcError(error);
  }
}
