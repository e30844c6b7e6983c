import type { Mode, Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { EndpointLog, EndpointView } from "../../application/admin-ports.ts";
import { type RecoveryRow, recoveryColumns, type SecretRow, toRecovery, toSecretInfo } from "./admin-rows.ts";
import { type EndpointRow, endpointColumns, toEndpoint, toNumber } from "./rows.ts";

/** Counting a backlog of millions would cost more than the number is worth. */
const COUNTED = 10_000;

type ViewRow = EndpointRow & { readonly pending: number; readonly parked: number };

const toView = (row: ViewRow): EndpointView => ({
  ...toEndpoint(row),
  backlog: { pending: row.pending, parked: row.parked },
});

function selectViews(sql: Sql, { applicationId, mode }: Scope) {
  return sql`
    select ${endpointColumns(sql)},
      (select count(*)::int from (
        select from delivery d where d.endpoint_id = e.id and d.state = 'PENDING' limit ${COUNTED}) x) as pending,
      (select count(*)::int from (
        select from delivery d where d.endpoint_id = e.id and d.state in ('PARKED', 'SUSPENDED')
        limit ${COUNTED}) x) as parked
    from endpoint e
    where e.application_id = ${applicationId} and e.mode = ${mode} and e.state <> 'DELETED'`;
}

type StatsRow = {
  readonly outcome: string;
  readonly n: string;
  readonly p50: number | null;
  readonly p99: number | null;
};

export function postgresEndpointLog(database: Database): EndpointLog {
  return {
    list: async (scope, { limit, after }) => {
      const rows = await database.run(
        (sql) => sql<ViewRow[]>`
          ${selectViews(sql, scope)} and e.id > ${after ?? 0} order by e.id limit ${limit}`,
      );
      return rows.map(toView);
    },
    byId: async (id, scope) => {
      const [row] = await database.run((sql) => sql<ViewRow[]>`${selectViews(sql, scope)} and e.id = ${id}`);
      return row ? toView(row) : null;
    },
    stats: async (id, windowMs) => {
      const rows = await database.run(
        (sql) => sql<StatsRow[]>`
          select coalesce(outcome, '') as outcome, count(*) as n,
                 percentile_disc(0.5) within group (order by total_ms) as p50,
                 percentile_disc(0.99) within group (order by total_ms) as p99
          from attempt
          where endpoint_id = ${id} and outcome is not null
            and claimed_at > (select clock_timestamp() - ${windowMs} * interval '1 millisecond')
          group by grouping sets ((outcome), ())`,
      );
      const all = rows.find((row) => row.outcome === "");
      const byOutcome = Object.fromEntries(
        rows.filter((row) => row.outcome !== "").map((row) => [row.outcome, toNumber(row.n)]),
      );
      return {
        attempts: toNumber(all?.n ?? "0"),
        succeeded: byOutcome.OK ?? 0,
        p50Ms: all?.p50 ?? 0,
        p99Ms: all?.p99 ?? 0,
        byOutcome,
      };
    },
    secretsOf: async (applicationId) => {
      const rows = await database.run(
        (sql) => sql<
          (SecretRow & {
            endpoint_id: string;
            mode: Mode;
            ciphertext: Uint8Array;
            nonce: Uint8Array;
            kek_id: string;
          })[]
        >`
          select s.endpoint_id, e.mode, s.version, s.ciphertext, s.nonce, s.kek_id,
                 (extract(epoch from s.active_from) * 1000)::bigint as active_from_ms,
                 (extract(epoch from s.expires_at) * 1000)::bigint as expires_ms,
                 (extract(epoch from s.revoked_at) * 1000)::bigint as revoked_ms
          from endpoint_secret s join endpoint e on e.id = s.endpoint_id
          where e.application_id = ${applicationId} and s.alg = 'v1'
          order by s.endpoint_id, s.version desc limit 1000`,
      );
      return rows.map((row) => ({
        ...toSecretInfo(row),
        endpointId: toNumber(row.endpoint_id),
        mode: row.mode,
        sealed: { ciphertext: row.ciphertext, nonce: row.nonce, kekId: row.kek_id },
      }));
    },
    recovery: async (id, { applicationId, mode }) => {
      const [row] = await database.run(
        (sql) => sql<RecoveryRow[]>`
          select ${recoveryColumns(sql)} from recovery r
          where r.id = ${id} and r.application_id = ${applicationId} and r.mode = ${mode}`,
      );
      return row ? toRecovery(row) : null;
    },
  };
}
