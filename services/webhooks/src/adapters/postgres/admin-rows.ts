import type { Sql } from "@oi/platform/postgres/client";
import type { AttemptRow } from "../../domain/attempt-row.ts";
import type { Recovery, RecoveryScope } from "../../domain/recovery.ts";
import type { SecretInfo } from "../../domain/rotation.ts";
import type { Transaction } from "./application-target.ts";
import { toNumber, toNumberOrNull } from "./rows.ts";

export type SecretRow = {
  readonly version: number;
  readonly active_from_ms: string;
  readonly expires_ms: string | null;
  readonly revoked_ms: string | null;
};

export function toSecretInfo(row: SecretRow): SecretInfo {
  return {
    version: row.version,
    algorithm: "v1",
    activeFrom: toNumber(row.active_from_ms),
    expiresAt: toNumberOrNull(row.expires_ms),
    revokedAt: toNumberOrNull(row.revoked_ms),
  };
}

export type RecoveryRow = {
  readonly id: string;
  readonly endpoint_id: string;
  readonly scope: RecoveryScope;
  readonly state: Recovery["state"];
  readonly since_ms: string | null;
  readonly until_ms: string | null;
  readonly event_types: string[];
  readonly requeued: string;
  readonly cursor_ms: string | null;
  readonly created_ms: string;
  readonly finished_ms: string | null;
};

/** The columns of {@link RecoveryRow}, of a table that is called `r`. */
export function recoveryColumns(sql: Sql | Transaction) {
  return sql`
    r.id, r.endpoint_id, r.scope, r.state, r.event_types, r.requeued,
    case when isfinite(r.since) then (extract(epoch from r.since) * 1000)::bigint end as since_ms,
    case when isfinite(r.until) then (extract(epoch from r.until) * 1000)::bigint end as until_ms,
    (extract(epoch from r.cursor_at) * 1000)::bigint as cursor_ms,
    (extract(epoch from r.created_at) * 1000)::bigint as created_ms,
    (extract(epoch from r.finished_at) * 1000)::bigint as finished_ms`;
}

export function toRecovery(row: RecoveryRow): Recovery {
  return {
    id: toNumber(row.id),
    endpointId: toNumber(row.endpoint_id),
    scope: row.scope,
    state: row.state,
    since: toNumberOrNull(row.since_ms),
    until: toNumberOrNull(row.until_ms),
    eventTypes: row.event_types,
    requeued: toNumber(row.requeued),
    cursorAt: toNumberOrNull(row.cursor_ms),
    createdAt: toNumber(row.created_ms),
    finishedAt: toNumberOrNull(row.finished_ms),
  };
}

export type AttemptTableRow = {
  readonly delivery_id: string;
  readonly n: number;
  readonly round: number;
  readonly kind: string;
  readonly endpoint_id: string;
  readonly host_key: string;
  readonly claimed_us: string;
  readonly claimed_ms: string;
  readonly started_ms: string | null;
  readonly ended_ms: string | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly remote_ip: string | null;
  readonly dns_ms: number | null;
  readonly ttfb_ms: number | null;
  readonly total_ms: number | null;
  readonly secret_versions: number[] | null;
  readonly body_sha256: string | null;
  readonly response_head: string | null;
  readonly retry_after_s: number | null;
};

export function toAttemptRow(row: AttemptTableRow): AttemptRow & { readonly position: string } {
  return {
    deliveryId: toNumber(row.delivery_id),
    number: row.n,
    round: row.round,
    kind: row.kind,
    endpointId: toNumber(row.endpoint_id),
    host: row.host_key,
    claimedAt: toNumber(row.claimed_ms),
    startedAt: toNumberOrNull(row.started_ms),
    endedAt: toNumberOrNull(row.ended_ms),
    outcome: row.outcome,
    status: row.status,
    error: row.error,
    remoteAddress: row.remote_ip,
    dnsMs: row.dns_ms,
    firstByteMs: row.ttfb_ms,
    totalMs: row.total_ms,
    secretVersions: row.secret_versions ?? [],
    bodySha256: row.body_sha256 ?? "",
    responseHead: row.response_head,
    retryAfterSeconds: row.retry_after_s,
    position: `${row.claimed_us}-${row.delivery_id}-${row.n}`,
  };
}
