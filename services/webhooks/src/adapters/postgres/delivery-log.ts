import { formatInstant } from "@oi/kernel/instant";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { AttemptFilter, DeliveryFilter, DeliveryLog, EventRow } from "../../application/admin-ports.ts";
import { type AttemptTableRow, toAttemptRow } from "./admin-rows.ts";
import { type DeliveryRow, toDelivery, toNumber } from "./rows.ts";

function selectDeliveries(sql: Sql) {
  return sql`
    select d.id, d.application_id, d.mode, d.endpoint_id, d.event_id, d.type, d.schema_version,
           coalesce(convert_from(b.bytes, 'UTF8'), '') as body, d.state, e.state as endpoint_state, d.attempts,
           d.last_status, d.last_error, d.aggregate, d.sequence,
           (extract(epoch from d.next_at) * 1000)::bigint as next_ms,
           (extract(epoch from d.next_at) * 1000000)::bigint as next_us,
           (extract(epoch from d.last_attempt_at) * 1000)::bigint as last_attempt_ms,
           (extract(epoch from d.delivered_at) * 1000)::bigint as delivered_ms,
           (extract(epoch from d.created_at) * 1000)::bigint as created_ms,
           (extract(epoch from d.updated_at) * 1000)::bigint as updated_ms
    from delivery d
    join endpoint e on e.id = d.endpoint_id
    left join event_body b
      on b.event_id = d.event_id and b.schema_version = d.schema_version and b.style = d.style`;
}

/** The filter's conditions; the status is the one that is shown, as `shownStatus` of the domain says. */
function conditions(sql: Sql, filter: DeliveryFilter) {
  const { endpointId, type, status, eventId, paymentReference, from, to } = filter;
  return sql`
    ${from === null ? sql`` : sql`and d.created_at >= ${formatInstant(from)}::text::timestamptz`}
    ${to === null ? sql`` : sql`and d.created_at < ${formatInstant(to)}::text::timestamptz`}
    ${endpointId === null ? sql`` : sql`and d.endpoint_id = ${endpointId}`}
    ${type === null ? sql`` : sql`and d.type = ${type}`}
    ${eventId === null ? sql`` : sql`and d.event_id = ${eventId}`}
    ${paymentReference === null ? sql`` : sql`and d.aggregate = ${paymentReference}`}
    ${
      status === null
        ? sql``
        : sql`and case when d.state = 'LEASED' then 'PENDING'
                       when e.state = 'DELETED' and d.state in ('PENDING', 'SUSPENDED') then 'CANCELLED'
                       when d.state = 'PENDING' and e.state = 'DISABLED' then 'SUSPENDED'
                       else d.state end = ${status}`
    }`;
}

function ofAttempts(sql: Sql, filter: AttemptFilter) {
  if ("deliveryId" in filter) return sql`and a.delivery_id = ${filter.deliveryId}`;
  if ("endpointId" in filter) return sql`and a.endpoint_id = ${filter.endpointId}`;
  return sql`and a.delivery_id in (
    select d.id from delivery d
    where d.application_id = a.application_id and d.mode = a.mode and d.aggregate = ${filter.paymentReference})`;
}

function selectAttempts(sql: Sql) {
  return sql`
    select a.delivery_id, a.n, a.round, a.kind, a.endpoint_id, a.host_key, a.outcome, a.status, a.error,
           host(a.remote_ip) as remote_ip, a.dns_ms, a.ttfb_ms, a.total_ms, a.secret_versions,
           encode(a.body_sha256, 'hex') as body_sha256, a.response_head, a.retry_after_s,
           (extract(epoch from a.claimed_at) * 1000000)::bigint as claimed_us,
           (extract(epoch from a.claimed_at) * 1000)::bigint as claimed_ms,
           (extract(epoch from a.started_at) * 1000)::bigint as started_ms,
           (extract(epoch from a.ended_at) * 1000)::bigint as ended_ms
    from attempt a`;
}

/** Microseconds and ids of a position that an earlier page ended with. */
function parts(position: string): readonly string[] {
  return position.split("-");
}

type EventTableRow = {
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  readonly sequence: string;
  readonly occurred_ms: string;
  readonly body: string;
  readonly xid: string;
};

function toEventRow(row: EventTableRow): EventRow {
  return {
    id: row.id,
    type: row.type,
    paymentReference: row.aggregate,
    sequence: toNumber(row.sequence),
    occurredAt: toNumber(row.occurred_ms),
    body: row.body,
    position: `${row.xid}-${row.id}`,
  };
}

export function postgresDeliveryLog(database: Database): DeliveryLog {
  return {
    list: async ({ applicationId, mode }, filter, { limit, after }) => {
      const rows = await database.run(
        (sql) => sql<DeliveryRow[]>`
          ${selectDeliveries(sql)}
          where d.application_id = ${applicationId} and d.mode = ${mode}
            ${after === null ? sql`` : sql`and d.id < ${after}`} ${conditions(sql, filter)}
          order by d.id desc limit ${limit}`,
      );
      return rows.map(toDelivery);
    },
    listDue: async ({ applicationId, mode }, filter, { limit, after }) => {
      const [us = "0", id = "0"] = parts(after ?? "0-0");
      const rows = await database.run(
        (sql) => sql<(DeliveryRow & { next_us: string })[]>`
          ${selectDeliveries(sql)}
          where d.application_id = ${applicationId} and d.mode = ${mode} and d.state = 'PENDING'
            and (d.next_at, d.id) > (timestamptz 'epoch' + ${us}::bigint * interval '1 microsecond', ${id}::bigint)
            ${conditions(sql, filter)}
          order by d.next_at, d.id limit ${limit}`,
      );
      return rows.map((row) => ({ ...toDelivery(row), position: `${row.next_us}-${row.id}` }));
    },
    attempts: async ({ applicationId, mode }, filter, { limit, after }) => {
      const [us = "", delivery = "0", n = "0"] = parts(after ?? "");
      const rows = await database.run(
        (sql) => sql<AttemptTableRow[]>`
          ${selectAttempts(sql)}
          where a.application_id = ${applicationId} and a.mode = ${mode} ${ofAttempts(sql, filter)}
            ${
              us === ""
                ? sql``
                : sql`and (a.claimed_at, a.delivery_id, a.n)
                    < (timestamptz 'epoch' + ${us}::bigint * interval '1 microsecond', ${delivery}::bigint, ${n}::int)`
            }
          order by a.claimed_at desc, a.delivery_id desc, a.n desc limit ${limit}`,
      );
      return rows.map(toAttemptRow);
    },
    events: async ({ applicationId, mode }, types, { limit, after }) => {
      const [xid = "0", id = ""] = parts(after ?? "0-");
      const rows = await database.run(
        (sql) => sql<EventTableRow[]>`
          select v.id, v.type, v.aggregate, v.sequence, v.xid::text as xid,
                 (extract(epoch from v.occurred_at) * 1000)::bigint as occurred_ms,
                 coalesce(convert_from(b.bytes, 'UTF8'), '') as body
          from event v
          left join lateral (select bytes from event_body where event_id = v.id
                             order by schema_version desc limit 1) b on true
          where v.application_id = ${applicationId} and v.mode = ${mode}
            and (v.xid, v.id) > (${xid}::text::xid8, ${id})
            and v.xid < pg_snapshot_xmin(pg_current_snapshot())
            ${types.length === 0 ? sql`` : sql`and takes_type(${[...types]}::text[], v.type)`}
          order by v.xid, v.id limit ${limit}`,
      );
      return rows.map(toEventRow);
    },
    byId: async (id, { applicationId, mode }) => {
      const [row] = await database.run(
        (sql) => sql<DeliveryRow[]>`
          ${selectDeliveries(sql)}
          where d.id = ${id} and d.application_id = ${applicationId} and d.mode = ${mode}`,
      );
      return row ? toDelivery(row) : null;
    },
  };
}
