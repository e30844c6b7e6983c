import type { Database, Sql } from "@oi/platform/postgres/client";
import type { ParkedEvent, ParkedEvents } from "../../application/admin-ports.ts";
import type { PoisonEvent } from "../../application/ports.ts";
import { toNumber, toNumberOrNull } from "./rows.ts";

type Row = {
  readonly event_id: string;
  readonly subject: string;
  readonly headers: Record<string, string>;
  readonly payload: string;
  readonly reason: PoisonEvent["reason"];
  readonly error: string | null;
  readonly deliveries: number;
  readonly parked_us: string;
  readonly parked_ms: string;
  readonly resolved_ms: string | null;
};

function toParked(row: Row): ParkedEvent & { readonly position: string } {
  return {
    eventId: row.event_id,
    subject: row.subject,
    headers: row.headers,
    payload: row.payload,
    reason: row.reason,
    error: row.error ?? "",
    deliveries: row.deliveries,
    parkedAt: toNumber(row.parked_ms),
    resolvedAt: toNumberOrNull(row.resolved_ms),
    position: `${row.parked_us}-${row.event_id}`,
  };
}

function selectParked(sql: Sql) {
  return sql`
    select event_id, subject, headers, payload, reason, error, deliveries,
           (extract(epoch from parked_at) * 1000000)::bigint as parked_us,
           (extract(epoch from parked_at) * 1000)::bigint as parked_ms,
           (extract(epoch from resolved_at) * 1000)::bigint as resolved_ms
    from parked_event`;
}

export function postgresParkedEvents(database: Database): ParkedEvents {
  return {
    list: async ({ includeResolved }, { limit, after }) => {
      const [, us = "0", id = ""] = /^(\d+)-(.*)$/.exec(after ?? "") ?? [];
      const rows = await database.run(
        (sql) => sql<Row[]>`
          ${selectParked(sql)}
          where (parked_at, event_id) > (timestamptz 'epoch' + ${us}::bigint * interval '1 microsecond', ${id})
            ${includeResolved ? sql`` : sql`and resolved_at is null`}
          order by parked_at, event_id limit ${limit}`,
      );
      return rows.map(toParked);
    },
    byId: async (eventId) => {
      const [row] = await database.run((sql) => sql<Row[]>`${selectParked(sql)} where event_id = ${eventId}`);
      return row ? toParked(row) : null;
    },
  };
}
