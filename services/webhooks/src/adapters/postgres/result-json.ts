import { formatInstant, type Instant } from "@oi/kernel/instant";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { AttemptResult } from "../../application/ports.ts";
import { saysSomething } from "../../domain/breaker.ts";
import type { Notice } from "../../domain/notice.ts";

export type EncodeNotice = (notice: Notice) => OutboxEvent;

const timeOrNull = (instant: Instant | null): string | null =>
  instant === null ? null : formatInstant(instant);

function toIncidentJson(result: AttemptResult, encode: EncodeNotice): object | null {
  if (!result.incident) return null;
  const { incident, notice } = result.incident;
  return {
    kind: incident.kind,
    level: incident.kind === "WARN" ? incident.level : null,
    reason: incident.kind === "DISABLE" ? incident.reason : null,
    since: timeOrNull(incident.since),
    event: encode(notice),
  };
}

/** One result in the shape that `record_attempts` reads. */
export function toResultJson(result: AttemptResult, encode: EncodeNotice): object {
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
    remote_ip: result.remoteAddress,
    dns_ms: result.dnsMs,
    ttfb_ms: result.ttfbMs,
    total_ms: result.totalMs,
    signed_at: result.signedAtSeconds,
    secret_versions: result.secretVersions,
    signature: result.signature,
    body_sha256: result.bodySha256,
    response_head: result.responseHead,
    // Kept for people; a receiver that asks for more than a column holds asks for nonsense.
    retry_after_s: retryAfterMs === null ? null : Math.min(Math.ceil(retryAfterMs / 1_000), 2_147_483_647),
    incident: toIncidentJson(result, encode),
    notice: notice && encode(notice),
  };
}

type FactJson = {
  readonly outcome: string;
  readonly status: number | null;
  readonly total_ms: number | null;
  readonly at: string;
};

/** What counts for each endpoint's breaker, in the order in which the attempts ended. */
export function toFactsJson(results: readonly AttemptResult[]): object[] {
  const byEndpoint = new Map<number, FactJson[]>();
  const ended = results
    .filter((result) => result.endedAt !== null && saysSomething(result.finding.outcome))
    .sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  for (const { endpointId, finding, status, totalMs, endedAt } of ended) {
    const facts = byEndpoint.get(endpointId) ?? [];
    facts.push({ outcome: finding.outcome, status, total_ms: totalMs, at: formatInstant(endedAt ?? 0) });
    byEndpoint.set(endpointId, facts);
  }
  return [...byEndpoint].map(([endpoint_id, facts]) => ({ endpoint_id, facts }));
}
