import { assert } from "@oi/kernel/assert";
import type { Mode } from "@oi/kernel/scope";
import type { Claim, StoredSecret } from "../../application/ports.ts";
import { type Delivery, type DeliveryState, shownStatus } from "../../domain/delivery.ts";
import type { Endpoint, EndpointState } from "../../domain/endpoint.ts";

/** The driver gives bigint as text; ids, versions and milliseconds are at most 2^53−1. */
export function toNumber(text: string): number {
  const number = Number(text);
  assert(Number.isSafeInteger(number), "a number of the database is larger than 2^53-1");
  return number;
}

function toNumberOrNull(text: string | null): number | null {
  return text === null ? null : toNumber(text);
}

export type EndpointRow = {
  readonly id: string;
  readonly application_id: string;
  readonly mode: Mode;
  readonly url: string | null;
  readonly is_default: boolean;
  readonly state: EndpointState;
  readonly disabled_reason: string | null;
  readonly event_types: string[];
  readonly schema_version: number;
  readonly version: string;
  readonly created_ms: string;
  readonly updated_ms: string;
};

export function toEndpoint(row: EndpointRow): Endpoint {
  return {
    id: toNumber(row.id),
    applicationId: toNumber(row.application_id),
    mode: row.mode,
    url: row.url,
    isDefault: row.is_default,
    state: row.state,
    disabledReason: row.disabled_reason,
    eventTypes: row.event_types,
    schemaVersion: row.schema_version,
    version: toNumber(row.version),
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
