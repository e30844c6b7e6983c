import type { Mode } from "@oi/kernel/scope";
import type { Database } from "@oi/platform/postgres/client";
import type { Address, LostLease, OverdueDelivery } from "../../application/ports.ts";
import type { DeliveryKind } from "../../domain/delivery.ts";
import { type ClaimRow, toClaim, toNumber } from "./rows.ts";

type AddressRow = {
  readonly endpoint_id: string;
  readonly application_id: string;
  readonly mode: Mode;
  readonly event_id: string;
  readonly kind: DeliveryKind;
  readonly now_ms: string;
};

function toAddress(row: AddressRow): Address {
  return {
    endpointId: toNumber(row.endpoint_id),
    applicationId: toNumber(row.application_id),
    mode: row.mode,
    eventId: row.event_id,
    kind: row.kind,
  };
}

/** Leases that ran out. A leased row was last changed by its claim, so `updated_at` is the claim's time. */
export async function readLost(database: Database, limit: number): Promise<readonly LostLease[]> {
  const rows = await database.run(
    (sql) => sql<(ClaimRow & AddressRow)[]>`
      select id as delivery_id, token, attempts as attempt, tries, endpoint_id, application_id, mode, event_id, kind,
             updated_at::text as claimed_at, (extract(epoch from updated_at) * 1000)::bigint as claimed_ms,
             (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms
      from delivery where lease_until < (select clock_timestamp()) order by lease_until limit ${limit}`,
  );
  return rows.map((row) => ({ ...toClaim(row), ...toAddress(row), now: toNumber(row.now_ms) }));
}

export async function readOverdue(
  database: Database,
  ageLimitMs: number,
  limit: number,
): Promise<readonly OverdueDelivery[]> {
  const rows = await database.run(
    (sql) => sql<(AddressRow & { id: string; last_error: string | null })[]>`
      select id, endpoint_id, application_id, mode, event_id, kind, last_error,
             (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms
      from delivery
      where state = 'PENDING' and done_at is null and lease_until is null
        -- Asked for once: compared with a clock that moves, no index would be of use.
        and first_due_at < (select clock_timestamp() - ${ageLimitMs} * interval '1 millisecond')
      order by first_due_at limit ${limit}`,
  );
  return rows.map((row) => ({
    ...toAddress(row),
    deliveryId: toNumber(row.id),
    lastError: row.last_error ?? "",
    now: toNumber(row.now_ms),
  }));
}
