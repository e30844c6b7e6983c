import type { MessageInitShape } from "@bufbuild/protobuf";
import { toTimestamp } from "@oi/proto/public/time";
import type { AttemptSchema } from "@oi/proto/webhooks/v1/attempt";
import type {
  DiagnoseSignatureResponseSchema,
  ParkedEventSchema,
  PublicEventSchema,
} from "@oi/proto/webhooks/v1/deliveries_service";
import { type RecoverySchema, RecoveryScope, RecoveryState } from "@oi/proto/webhooks/v1/recovery";
import type { EventRow, ParkedEvent } from "../../application/admin-ports.ts";
import type { AttemptRow } from "../../domain/attempt-row.ts";
import type { Recovery } from "../../domain/recovery.ts";
import type { Diagnosis } from "../../domain/signature-doctor.ts";

/** What is null here is absent there. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

const timeOf = (instant: number | null) => (instant === null ? null : toTimestamp(instant));

export function toAttemptMessage(row: AttemptRow): MessageInitShape<typeof AttemptSchema> {
  const { status, error, remoteAddress, dnsMs, firstByteMs, totalMs, responseHead, retryAfterSeconds } = row;
  return {
    deliveryId: BigInt(row.deliveryId),
    number: row.number,
    round: row.round,
    kind: row.kind,
    endpointId: BigInt(row.endpointId),
    host: row.host,
    claimedAt: toTimestamp(row.claimedAt),
    outcome: row.outcome ?? "",
    secretVersions: [...row.secretVersions],
    bodySha256: row.bodySha256,
    ...present({
      status,
      error,
      remoteAddress,
      dnsMs,
      firstByteMs,
      totalMs,
      responseHead,
      retryAfterSeconds,
    }),
    ...present({ startedAt: timeOf(row.startedAt), endedAt: timeOf(row.endedAt) }),
  };
}

export function toRecoveryMessage(recovery: Recovery): MessageInitShape<typeof RecoverySchema> {
  return {
    id: BigInt(recovery.id),
    endpointId: BigInt(recovery.endpointId),
    scope: RecoveryScope[recovery.scope],
    state: RecoveryState[recovery.state],
    eventTypes: [...recovery.eventTypes],
    requeued: BigInt(recovery.requeued),
    createdAt: toTimestamp(recovery.createdAt),
    ...present({
      since: timeOf(recovery.since),
      until: timeOf(recovery.until),
      cursorAt: timeOf(recovery.cursorAt),
      finishedAt: timeOf(recovery.finishedAt),
    }),
  };
}

export function toEventMessage(row: EventRow): MessageInitShape<typeof PublicEventSchema> {
  return {
    id: row.id,
    type: row.type,
    paymentReference: row.paymentReference,
    sequence: BigInt(row.sequence),
    occurredAt: toTimestamp(row.occurredAt),
    payload: row.body,
  };
}

export function toParkedMessage(event: ParkedEvent): MessageInitShape<typeof ParkedEventSchema> {
  const { eventId, subject, reason, error, deliveries } = event;
  return {
    eventId,
    subject,
    reason,
    error,
    deliveries,
    parkedAt: toTimestamp(event.parkedAt),
    ...present({ resolvedAt: timeOf(event.resolvedAt) }),
  };
}

export function toDiagnosisMessage(
  found: Diagnosis,
): MessageInitShape<typeof DiagnoseSignatureResponseSchema> {
  const { message } = found;
  const details = { ...found.details };
  if (found.isValid) return { isValid: true, message, details };
  return { isValid: false, cause: found.cause, message, hint: found.hint, details };
}
