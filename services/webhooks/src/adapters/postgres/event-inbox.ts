import { formatInstant } from "@oi/kernel/instant";
import type { Database } from "@oi/platform/postgres/client";
import type { EventInbox, Fanout, FanoutResult } from "../../application/ports.ts";
import { SCHEMA_VERSION } from "../../domain/body.ts";
import { followTarget, inTransaction, rememberTarget } from "./application-target.ts";

function columns(fanouts: readonly Fanout[]) {
  const of = <T>(pick: (fanout: Fanout) => T): T[] => fanouts.map(pick);
  return {
    ids: of(({ event }) => event.id),
    subjects: of(({ event }) => event.subject),
    applications: of(({ event }) => event.applicationId),
    modes: of(({ event }) => event.mode),
    types: of(({ event }) => event.type),
    aggregates: of(({ event }) => event.aggregate),
    sequences: of(({ event }) => event.sequence),
    times: of(({ event }) => formatInstant(event.occurredAt)),
    snapshots: of(({ snapshot }) => snapshot),
    // An array of arrays cannot be unnested row by row; no pattern holds a space.
    patterns: of(({ patterns }) => patterns.join(" ")),
    bodies: of(({ body }) => body),
  };
}

/** A hundred events in one statement: inbox, events, deliveries and bodies, or nothing. */
async function commitFanout(database: Database, fanouts: readonly Fanout[]): Promise<FanoutResult> {
  if (fanouts.length === 0) return { events: 0, deliveries: 0 };
  const c = columns(fanouts);
  const [row] = await database.run(
    (sql) => sql<{ events: number; deliveries: number }[]>`
      with incoming as materialized (
        select distinct on (id) * from unnest(
          ${c.ids}::text[], ${c.subjects}::text[], ${c.applications}::bigint[], ${c.modes}::text[],
          ${c.types}::text[], ${c.aggregates}::text[], ${c.sequences}::bigint[], ${c.times}::timestamptz[],
          ${c.snapshots}::text[], ${c.patterns}::text[], ${c.bodies}::text[])
          as i (id, subject, application_id, mode, type, aggregate, sequence, occurred_at, snapshot, patterns, body)
        order by id),
      fresh as (
        insert into inbox as known (event_id, subject) select id, subject from incoming order by id
        on conflict (event_id) do update
          set outcome = 'APPLIED', received_at = excluded.received_at, xid = excluded.xid
          where known.outcome = 'PARKED'
        returning event_id),
      solved as (
        update parked_event p set resolved_at = clock_timestamp(), resolution = 'APPLIED'
        from fresh where p.event_id = fresh.event_id and p.resolved_at is null),
      kept as (
        insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
        select i.id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot::jsonb
        from incoming i join fresh f on f.event_id = i.id
        returning id),
      queued as (
        insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence,
                              schema_version, style, filter_version, state)
        select i.id, e.id, i.application_id, i.mode, i.type, i.aggregate, i.sequence,
               e.schema_version, e.style, e.version,
               case when e.state = 'DISABLED' then 'SUSPENDED' else 'PENDING' end
        from incoming i
        join fresh f on f.event_id = i.id
        join endpoint e on e.application_id = i.application_id and e.mode = i.mode
        where e.state <> 'DELETED' and e.kind = 'URL' and e.url is not null
          and e.event_types && string_to_array(i.patterns, ' ')
        order by i.occurred_at, i.sequence, e.id
        returning event_id),
      frozen as (
        insert into event_body (event_id, schema_version, style, bytes, sha256)
        select i.id, ${SCHEMA_VERSION}, 'FULL', convert_to(i.body, 'UTF8'), sha256(convert_to(i.body, 'UTF8'))
        -- Also when nothing takes it today: a recovery may send it later.
        from incoming i join fresh f on f.event_id = i.id
        on conflict do nothing)
      select (select count(*) from kept)::int as events, (select count(*) from queued)::int as deliveries`,
  );
  return { events: row?.events ?? 0, deliveries: row?.deliveries ?? 0 };
}

/** Events as rows, each applied once. */
export function postgresEventInbox(database: Database): EventInbox {
  return {
    commitFanout: (fanouts) => commitFanout(database, fanouts),
    commitTarget: (change) =>
      database.run((sql) =>
        inTransaction(sql, async (tx) => {
          const fresh = await tx`
            with fresh as (
              insert into inbox as known (event_id, subject) values (${change.eventId}, ${change.subject})
              on conflict (event_id) do update
                set outcome = 'APPLIED', received_at = excluded.received_at, xid = excluded.xid
                where known.outcome = 'PARKED'
              returning event_id),
            solved as (
              update parked_event p set resolved_at = clock_timestamp(), resolution = 'APPLIED'
              from fresh where p.event_id = fresh.event_id and p.resolved_at is null)
            select event_id from fresh`;
          if (fresh.length === 0 || !(await rememberTarget(tx, change))) return false;
          await followTarget(tx, change.applicationId);
          return true;
        }),
      ),
    park: async ({ eventId, subject, headers, payload, reason, error, deliveries }) => {
      const rows = await database.run(
        (sql) => sql`
          with fresh as (
            insert into inbox (event_id, subject, outcome) values (${eventId}, ${subject}, 'PARKED')
            on conflict do nothing returning event_id)
          insert into parked_event (event_id, subject, headers, payload, reason, error, deliveries)
          select event_id, ${subject}, ${JSON.stringify(headers)}::text::jsonb, ${payload}, ${reason}, ${error},
                 ${deliveries}::int
          from fresh returning event_id`,
      );
      return rows.length > 0;
    },
  };
}
