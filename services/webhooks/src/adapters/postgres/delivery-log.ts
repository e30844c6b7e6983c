import type { Database, Sql } from "@oi/platform/postgres/client";
import type { DeliveryFilter, DeliveryLog } from "../../application/ports.ts";
import { type DeliveryRow, toDelivery } from "./rows.ts";

function selectDeliveries(sql: Sql) {
  return sql`
    select d.id, d.application_id, d.mode, d.endpoint_id, d.event_id, d.type, d.schema_version,
           coalesce(convert_from(b.bytes, 'UTF8'), '') as body, d.state, e.state as endpoint_state, d.attempts,
           d.last_status, d.last_error, d.aggregate, d.sequence,
           (extract(epoch from d.next_at) * 1000)::bigint as next_ms,
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
function conditions(sql: Sql, { endpointId, type, status, eventId, paymentReference }: DeliveryFilter) {
  return sql`
    ${endpointId === null ? sql`` : sql`and d.endpoint_id = ${endpointId}`}
    ${type === null ? sql`` : sql`and d.type = ${type}`}
    ${eventId === null ? sql`` : sql`and d.event_id = ${eventId}`}
    ${paymentReference === null ? sql`` : sql`and d.aggregate = ${paymentReference}`}
    ${
      status === null
        ? sql``
        : sql`and case when d.state = 'LEASED' then 'PENDING'
                       when d.state = 'PENDING' and e.state = 'DISABLED' then 'SUSPENDED'
                       else d.state end = ${status}`
    }`;
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
