import { formatInstant, type Instant } from "@oi/kernel/instant";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { AttemptResult } from "../../application/ports.ts";
import type { DeliveryParked } from "../../domain/parked.ts";

export type EncodeParked = (parked: DeliveryParked) => OutboxEvent;

const timeOrNull = (instant: Instant | null): string | null =>
  instant === null ? null : formatInstant(instant);

/** One result in the shape that `record_attempts` reads. */
export function toResultJson(result: AttemptResult, encodeParked: EncodeParked): object {
  const { claim, finding, verdict, notice, retryAfterMs } = result;
  return {
    delivery_id: claim.deliveryId,
    attempt: claim.attempt,
    claimed_at: claim.claimedAt,
    token: claim.token,
    endpoint_id: result.endpointId,
    outcome: finding.outcome,
    error: finding.error,
    status: result.status,
    verdict: verdict.kind,
    delay_ms: verdict.kind === "RETRY" ? verdict.delayMs : 0,
    is_free: verdict.kind === "RETRY" && verdict.isFree,
    started_at: timeOrNull(result.startedAt),
    ended_at: timeOrNull(result.endedAt),
    ttfb_ms: result.ttfbMs,
    total_ms: result.totalMs,
    signed_at: result.signedAtSeconds,
    secret_versions: result.secretVersions,
    // Kept for people; a receiver that asks for more than a column holds asks for nonsense.
    retry_after_s: retryAfterMs === null ? null : Math.min(Math.ceil(retryAfterMs / 1_000), 2_147_483_647),
    notice: notice && encodeParked(notice),
  };
}
