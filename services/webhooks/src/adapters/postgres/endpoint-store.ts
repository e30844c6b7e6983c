import type { Database, Sql } from "@oi/platform/postgres/client";
import type { EndpointStore, NewDefault } from "../../application/ports.ts";
import { followTarget, inTransaction, rememberTarget, type Transaction } from "./application-target.ts";
import { type EndpointRow, endpointColumns, toEndpoint, toNumber } from "./rows.ts";

async function readDefaults(sql: Sql | Transaction, applicationId: number) {
  const rows = await sql<EndpointRow[]>`
    select ${endpointColumns(sql)} from endpoint e
    where application_id = ${applicationId} and is_default order by mode desc`;
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
      returning *),
    logged as (select log_endpoint(made::endpoint, 'application') from made),
    sealed as (
    insert into endpoint_secret (endpoint_id, version, alg, ciphertext, nonce, kek_id)
    select made.id, 1, 'v1', decode(s.ciphertext, 'hex'), decode(s.nonce, 'hex'), s.kek_id
    from made join unnest(${ids}::bigint[], ${hex(({ secret }) => secret.ciphertext)}::text[],
                          ${hex(({ secret }) => secret.nonce)}::text[],
                          ${made.map(({ secret }) => secret.kekId)}::text[])
                   as s (id, ciphertext, nonce, kek_id) on s.id = made.id
    returning endpoint_id)
    select endpoint_id, (select count(*) from logged) as logged from sealed`;
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
  };
}

/** Refuses to start when a stored secret could not be opened: its endpoint would fail in silence. */
export async function requireKeks(
  database: Database,
  keks: readonly { readonly id: string }[],
): Promise<void> {
  const rows = await database.run(
    (sql) => sql<{ kek_id: string }[]>`select distinct kek_id from endpoint_secret order by kek_id`,
  );
  const missing = rows.map((row) => row.kek_id).filter((id) => !keks.some((kek) => kek.id === id));
  if (missing.length > 0)
    throw new Error(`WEBHOOKS_KEKS lacks keys that stored secrets need: ${missing.join(", ")}`);
}
