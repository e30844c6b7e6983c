import { assert } from "@oi/kernel/assert";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { ParkedEvent, ParkedEvents, ParkReason, ReceivedEvent } from "../../application/ports.ts";
import { exactNumber } from "./rows.ts";

/** Makes the announcement of a parked event. */
export type ParkedAnnouncement = (event: ReceivedEvent, reason: ParkReason) => OutboxEvent;

/** PostgreSQL keeps no NUL, and what cannot be stored could never be parked. */
function storable(text: string): string {
  return text.replaceAll("\u0000", "\uFFFD");
}

export function postgresParkedEvents(
  database: Database,
  { announce }: { readonly announce: ParkedAnnouncement },
): ParkedEvents {
  return {
    park: async (event, reason, error) => {
      const rows = await database.run((sql) =>
        insertParked(sql, event, { reason, error }, announce(event, reason)),
      );
      return rows.length > 0;
    },
    ignore: async (events) => {
      if (events.length === 0) return;
      await database.run(
        (sql) => sql`
          insert into ledger.inbox (event_id, subject, outcome)
          select event_id, subject, 'IGNORED'
          from unnest(${events.map((e) => e.uuid)}::uuid[], ${events.map((e) => e.subject)}::text[])
            as e (event_id, subject)
          on conflict do nothing`,
      );
    },
    waiting: async (uuid) => {
      const [row] = await selectParked(database, { uuid, after: null, limit: 1 });
      return row ? toParked(row) : null;
    },
    list: async (page) => (await selectParked(database, { ...page, uuid: null })).map(toParked),
    resolve: async (uuid, resolution) => {
      const rows = await database.run(
        (sql) => sql`
          update ledger.parked_event set resolved_at = clock_timestamp(), resolution = ${resolution}
          where event_id = ${uuid} and resolved_at is null returning event_id`,
      );
      assert(rows.length <= 1, "an event is parked once");
    },
  };
}

async function insertParked(
  sql: Sql,
  event: ReceivedEvent,
  why: { readonly reason: ParkReason; readonly error: string },
  out: OutboxEvent,
): Promise<readonly unknown[]> {
  const headers = Object.fromEntries(Object.entries(event.headers).map((pair) => pair.map(storable)));
  // What was posted stays posted, and what else came under its name is kept beside it.
  const isConflict = why.reason === "KEY_CONFLICT";
  return sql`
    with heard as (
      insert into ledger.inbox (event_id, subject, outcome) values (${event.uuid}, ${event.subject}, 'PARKED')
      on conflict do nothing returning event_id),
    parked as (
      insert into ledger.parked_event (event_id, source_id, subject, headers, payload, reason, error, deliveries)
      select ${event.uuid}::uuid, ${storable(event.id)}, ${event.subject}, ${sql.json(headers)},
        ${storable(event.payload)}, ${why.reason}, ${storable(why.error)}, ${event.deliveries}::int
      where ${isConflict}::boolean or exists (select from heard)
      on conflict do nothing returning event_id),
    announced as (
      insert into public.outbox (id, subject, aggregate, version, headers, payload)
      select ${out.id}, ${out.subject}, ${out.aggregate}, ${out.version}::bigint, ${sql.json(out.headers)}, ${out.payload}
      from parked)
    select event_id from parked`;
}

type ParkedRow = {
  readonly event_id: string;
  readonly source_id: string;
  readonly subject: string;
  readonly headers: Record<string, string>;
  readonly payload: string;
  readonly reason: ParkReason;
  readonly error: string;
  readonly deliveries: number;
  readonly parked_ms: string;
};

function selectParked(
  database: Database,
  page: { readonly uuid: string | null; readonly after: string | null; readonly limit: number },
): Promise<ParkedRow[]> {
  return database.run(
    (sql) => sql<ParkedRow[]>`
      select p.event_id::text, p.source_id, p.subject, p.headers, p.payload, p.reason, p.error, p.deliveries,
        floor(extract(epoch from p.parked_at) * 1000)::bigint::text as parked_ms
      from ledger.parked_event p
      where p.resolved_at is null and (${page.uuid}::uuid is null or p.event_id = ${page.uuid}::uuid)
        and (${page.after}::uuid is null or (p.parked_at, p.event_id) >
          (select o.parked_at, o.event_id from ledger.parked_event o where o.event_id = ${page.after}::uuid))
      order by p.parked_at, p.event_id limit ${page.limit}`,
  );
}

function toParked(row: ParkedRow): ParkedEvent {
  return {
    event: {
      uuid: row.event_id,
      id: row.source_id,
      subject: row.subject,
      headers: row.headers,
      payload: row.payload,
      deliveries: row.deliveries,
    },
    reason: row.reason,
    error: row.error,
    parkedAt: exactNumber(row.parked_ms),
  };
}
