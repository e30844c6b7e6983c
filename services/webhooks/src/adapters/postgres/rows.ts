import { assert } from "@oi/kernel/assert";
import type { Mode } from "@oi/kernel/scope";
import type { Sql } from "@oi/platform/postgres/client";
import type postgres from "postgres";
import type { Claim, StoredSecret } from "../../application/ports.ts";
import type { BreakerState } from "../../domain/breaker.ts";
import { type Delivery, type DeliveryState, shownStatus } from "../../domain/delivery.ts";
import type { Endpoint, EndpointState } from "../../domain/endpoint.ts";

/** The driver gives bigint as text; ids, versions and milliseconds are at most 2^53−1. */
export function toNumber(text: string): number {
  const number = Number(text);
  assert(Number.isSafeInteger(number), "a number of the database is larger than 2^53-1");
  return number;
}

export function toNumberOrNull(text: string | null): number | null {
  return text === null ? null : toNumber(text);
}

/** The columns of {@link EndpointRow}, of a table that is called `e`. */
export function endpointColumns(sql: Sql | postgres.TransactionSql) {
  return sql`
    e.id, e.application_id, e.mode, e.url, e.host_key, e.is_default, e.state, e.disabled_reason, e.event_types,
    e.schema_version, e.description, e.version, e.breaker, e.cap,
    (extract(epoch from e.open_until) * 1000)::bigint as open_until_ms,
    (extract(epoch from e.last_ok_at) * 1000)::bigint as last_ok_ms,
    (extract(epoch from e.first_fail_at) * 1000)::bigint as first_fail_ms,
    (extract(epoch from e.created_at) * 1000)::bigint as created_ms,
    (extract(epoch from e.updated_at) * 1000)::bigint as updated_ms`;
}

export type EndpointRow = {
  readonly id: string;
  readonly application_id: string;
  readonly mode: Mode;
  readonly url: string | null;
  readonly host_key: string | null;
  readonly is_default: boolean;
  readonly state: EndpointState;
  readonly disabled_reason: string | null;
  readonly event_types: string[];
  readonly schema_version: number;
  readonly description: string;
  readonly version: string;
  readonly breaker: BreakerState;
  readonly open_until_ms: string | null;
  readonly cap: number;
  readonly last_ok_ms: string | null;
  readonly first_fail_ms: string | null;
  readonly created_ms: string;
  readonly updated_ms: string;
};

export function toEndpoint(row: EndpointRow): Endpoint {
  return {
    id: toNumber(row.id),
    applicationId: toNumber(row.application_id),
    mode: row.mode,
    url: row.url,
    hostKey: row.host_key,
    isDefault: row.is_default,
    state: row.state,
    disabledReason: row.disabled_reason,
    eventTypes: row.event_types,
    schemaVersion: row.schema_version,
    description: row.description,
    version: toNumber(row.version),
    breaker: row.breaker,
    openUntil: toNumberOrNull(row.open_until_ms),
    cap: row.cap,
    lastOkAt: toNumberOrNull(row.last_ok_ms),
    firstFailAt: toNumberOrNull(row.first_fail_ms),
    createdAt: toNumber(row.created_ms),
    updatedAt: toNumber(row.updated_ms),
  };
}

export type DeliveryRow = {
  readonly id: string;
  readonly application_id: string;
  readonly mode: Mode;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly body: string;
  readonly state: DeliveryState;
  readonly endpoint_state: EndpointState;
  readonly attempts: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly next_ms: string;
  readonly last_attempt_ms: string | null;
  readonly delivered_ms: string | null;
  readonly created_ms: string;
  readonly updated_ms: string;
  readonly aggregate: string;
  readonly sequence: string;
};

export function toDelivery(row: DeliveryRow): Delivery {
  const status = shownStatus(row.state, row.endpoint_state);
  return {
    id: toNumber(row.id),
    applicationId: toNumber(row.application_id),
    mode: row.mode,
    endpointId: toNumber(row.endpoint_id),
    eventId: row.event_id,
    type: row.type,
    schemaVersion: row.schema_version,
    body: row.body,
    status,
    attempts: row.attempts,
    lastResponseStatus: row.last_status,
    lastError: row.last_error,
    nextAttemptAt: status === "PENDING" ? toNumber(row.next_ms) : null,
    lastAttemptAt: toNumberOrNull(row.last_attempt_ms),
    deliveredAt: toNumberOrNull(row.delivered_ms),
    createdAt: toNumber(row.created_ms),
    updatedAt: toNumber(row.updated_ms),
    paymentReference: row.aggregate,
    sequence: toNumber(row.sequence),
  };
}

export type ClaimRow = {
  readonly delivery_id: string;
  readonly token: string;
  readonly attempt: number;
  readonly tries: number;
  readonly claimed_at: string;
  readonly claimed_ms: string;
};

export function toClaim(row: ClaimRow): Claim {
  return {
    deliveryId: toNumber(row.delivery_id),
    token: row.token,
    attempt: row.attempt,
    tries: row.tries,
    claimedAt: row.claimed_at,
    claimedAtMs: toNumber(row.claimed_ms),
  };
}

/** A secret inside a JSON answer; bytes travel as hexadecimal text. */
export type SecretJson = {
  readonly version: number;
  readonly ciphertext: string;
  readonly nonce: string;
  readonly kekId: string;
};

export function toSecret({ version, ciphertext, nonce, kekId }: SecretJson): StoredSecret {
  return { version, kekId, ciphertext: Buffer.from(ciphertext, "hex"), nonce: Buffer.from(nonce, "hex") };
}
