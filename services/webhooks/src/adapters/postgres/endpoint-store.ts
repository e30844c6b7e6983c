import type { Database, Sql } from "@oi/platform/postgres/client";
import type { EndpointStore, NewDefault } from "../../application/ports.ts";
import { followTarget, inTransaction, rememberTarget, type Transaction } from "./application-target.ts";
import { type EndpointRow, toEndpoint, toNumber } from "./rows.ts";

function selectEndpoints(sql: Sql | Transaction) {
  return sql`
    select id, application_id, mode, url, is_default, state, disabled_reason, event_types, schema_version, version,
           (extract(epoch from created_at) * 1000)::bigint as created_ms,
           (extract(epoch from updated_at) * 1000)::bigint as updated_ms
    from endpoint`;
}

async function readDefaults(sql: Sql | Transaction, applicationId: number) {
  const rows = await sql<EndpointRow[]>`
    ${selectEndpoints(sql)} where application_id = ${applicationId} and is_default order by mode desc`;
  return rows.map(toEndpoint);
}

/** Makes what does not exist yet; another transaction for the same application waits for the target's row. */
async function insertDefaults(
  tx: Transaction,
  applicationId: number,
  made: readonly NewDefault[],
): Promise<boolean> {
  if (made.length === 0) return false;
  const ids = made.map(({ id }) => id);
  const hex = (pick: (endpoint: NewDefault) => Uint8Array): string[] =>
    made.map((endpoint) => Buffer.from(pick(endpoint)).toString("hex"));
  const rows = await tx`
    with made as (
      insert into endpoint (id, application_id, mode, is_default)
      select n.id, ${applicationId}, n.mode, true
      from unnest(${ids}::bigint[], ${made.map(({ mode }) => mode)}::text[]) as n (id, mode)
      on conflict (application_id, mode) where is_default do nothing
      returning id)
    insert into endpoint_secret (endpoint_id, version, alg, ciphertext, nonce, kek_id)
    select made.id, 1, 'v1', decode(s.ciphertext, 'hex'), decode(s.nonce, 'hex'), s.kek_id
    from made join unnest(${ids}::bigint[], ${hex(({ secret }) => secret.ciphertext)}::text[],
                          ${hex(({ secret }) => secret.nonce)}::text[],
                          ${made.map(({ secret }) => secret.kekId)}::text[])
                   as s (id, ciphertext, nonce, kek_id) on s.id = made.id
    returning endpoint_id`;
  return rows.length > 0;
}

export function postgresEndpointStore(database: Database): EndpointStore {
  return {
    defaults: (applicationId) => database.run((sql) => readDefaults(sql, applicationId)),
    reserveIds: async (count) => {
      const rows = await database.run(
        (sql) => sql<{ id: string }[]>`
          select nextval('endpoint_id_seq') as id from generate_series(1, ${count}::int)`,
      );
      return rows.map((row) => toNumber(row.id));
    },
    commitDefaults: (change) =>
      database.run((sql) =>
        inTransaction(sql, async (tx) => {
          await rememberTarget(tx, change);
          const created = await insertDefaults(tx, change.applicationId, change.endpoints);
          await followTarget(tx, change.applicationId);
          return { created, endpoints: await readDefaults(tx, change.applicationId) };
        }),
      ),
    list: async ({ applicationId, mode }, { limit, after }) => {
      const rows = await database.run(
        (sql) => sql<EndpointRow[]>`
          ${selectEndpoints(sql)}
          where application_id = ${applicationId} and mode = ${mode} and state <> 'DELETED' and id > ${after ?? 0}
          order by id limit ${limit}`,
      );
      return rows.map(toEndpoint);
    },
  };
}

/** Ids of the keys that stored secrets were sealed with; the service must know every one before it starts. */
export async function storedKekIds(database: Database): Promise<readonly string[]> {
  const rows = await database.run(
    (sql) => sql<{ kek_id: string }[]>`select distinct kek_id from endpoint_secret order by kek_id`,
  );
  return rows.map((row) => row.kek_id);
}
