import type { Sql } from "@oi/platform/postgres/client";
import type postgres from "postgres";
import { type Target, URL_REFUSED } from "../../domain/endpoint.ts";

export type Transaction = postgres.TransactionSql;

/** Remembers the newest target of an application; its row stays locked until the transaction ends. */
export async function rememberTarget(
  tx: Transaction,
  change: { readonly applicationId: number; readonly version: number; readonly target: Target },
): Promise<boolean> {
  const { applicationId, version, target } = change;
  const { url, hostKey, problem } = target;
  const [row] = await tx<{ is_newest: boolean }[]>`
    insert into application_target as t (application_id, version, url, host_key, is_refused)
    values (${applicationId}, ${version}, ${url}, ${hostKey}, ${problem !== null})
    on conflict (application_id) do update set
      version = greatest(t.version, excluded.version),
      url = case when excluded.version > t.version then excluded.url else t.url end,
      host_key = case when excluded.version > t.version then excluded.host_key else t.host_key end,
      is_refused = case when excluded.version > t.version then excluded.is_refused else t.is_refused end,
      changed_at = case when excluded.version > t.version then clock_timestamp() else t.changed_at end
    returning version = ${version} as is_newest`;
  return row?.is_newest ?? false;
}

/**
 * Points the default endpoints at the remembered target: the rules of `retarget` in the domain, as SQL. A URL that another
 * endpoint has is refused too: its receiver would get everything twice, under two secrets.
 */
export async function followTarget(tx: Transaction, applicationId: number): Promise<void> {
  await tx`
    with judged as (
      select e.id, t.url, t.host_key, t.is_refused or exists (
               select from endpoint o where o.application_id = e.application_id and o.mode = e.mode and o.id <> e.id
                  and o.url = t.url and o.host_key is not null and o.state <> 'DELETED') as is_refused
      from application_target t join endpoint e on e.application_id = t.application_id
      where t.application_id = ${applicationId} and e.is_default and e.state <> 'DELETED'),
    aim as (select id, url, is_refused, case when not is_refused then host_key end as host_key from judged),
    moved as (
      update endpoint e set
        url = a.url, host_key = a.host_key, version = e.version + 1, updated_at = clock_timestamp(),
        state = case when a.is_refused then 'DISABLED' when e.disabled_reason = ${URL_REFUSED} then 'ENABLED' else e.state end,
        disabled_reason = case when a.is_refused then coalesce(e.disabled_reason, ${URL_REFUSED})
                               when e.disabled_reason = ${URL_REFUSED} then null else e.disabled_reason end,
        disabled_at = case when a.is_refused then coalesce(e.disabled_at, clock_timestamp())
                           when e.disabled_reason = ${URL_REFUSED} then null else e.disabled_at end
      from aim a
      where e.id = a.id
        and (e.url is distinct from a.url or e.host_key is distinct from a.host_key
             or case when a.is_refused then e.state <> 'DISABLED' else e.disabled_reason = ${URL_REFUSED} end)
      returning e.*)
    select log_endpoint(moved::endpoint, 'application') from moved`;
}

/** Runs statements that must see each other's effects and stand or fall together. */
export function inTransaction<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return sql.begin(work) as Promise<T>;
}
