import type { Database } from "@oi/platform/postgres/client";

/**
 * Suspends what waits for a disabled endpoint, cancels what waits for a deleted one, and makes sure that what an
 * enabled one is owed has a job. A few thousand rows at a time, so that no lock is held for long.
 */
export async function repairDeliveries(database: Database, limit: number): Promise<number> {
  const [row] = await database.run(
    (sql) => sql<{ moved: number }[]>`
      with disabled as (
        select d.id from endpoint e join delivery d on d.endpoint_id = e.id and d.state = 'PENDING'
        where e.state = 'DISABLED' order by d.id limit ${limit} for no key update of d skip locked),
      suspended as (
        update delivery d set state = 'SUSPENDED', updated_at = clock_timestamp()
        from disabled where d.id = disabled.id returning d.id),
      waiting as (
        select d.id from endpoint e join delivery d on d.endpoint_id = e.id and d.state = 'PENDING'
        where e.state = 'DELETED' order by d.id limit ${limit} for no key update of d skip locked),
      kept as (
        select d.id from endpoint e join delivery d on d.endpoint_id = e.id and d.state in ('PARKED', 'SUSPENDED')
        where e.state = 'DELETED' and d.state = 'SUSPENDED'
        order by d.id limit ${limit} for no key update of d skip locked),
      cancelled as (
        update delivery d set state = 'CANCELLED', done_at = clock_timestamp(), updated_at = clock_timestamp()
        from (select id from waiting union all select id from kept) x where d.id = x.id returning d.id)
      select ((select count(*) from suspended) + (select count(*) from cancelled))::int as moved`,
  );
  await database.run((sql) => sql`select start_owed_recoveries()`);
  return row?.moved ?? 0;
}

/** Makes the coming days' partitions of the attempts, and forgets what is past its retention. */
export async function keepHouse(database: Database): Promise<void> {
  await database.run((sql) => sql`select ensure_attempt_partitions()`);
  for (let gone = FORGET_BATCH; gone >= FORGET_BATCH; ) {
    const [row] = await database.run(
      (sql) => sql<{ gone: number }[]>`select forget_old(${FORGET_BATCH}::int) as gone`,
    );
    gone = row?.gone ?? 0;
  }
}

const FORGET_BATCH = 5_000;
