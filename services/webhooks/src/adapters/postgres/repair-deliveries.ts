import type { Database } from "@oi/platform/postgres/client";

/**
 * Suspends what waits for a disabled endpoint, and queues what an enabled one was owed as a new round. A few thousand
 * rows at a time, so that no lock is held for long.
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
      enabled as (
        select d.id from endpoint e join delivery d on d.endpoint_id = e.id and d.state = 'SUSPENDED'
        where e.state in ('ENABLED', 'PAUSED') and e.url is not null
        order by d.id limit ${limit} for no key update of d skip locked),
      queued as (
        update delivery d set state = 'PENDING', round = d.round + 1, tries = 0, next_at = clock_timestamp(),
               first_due_at = clock_timestamp(), updated_at = clock_timestamp()
        from enabled where d.id = enabled.id returning d.id)
      select ((select count(*) from suspended) + (select count(*) from queued))::int as moved`,
  );
  return row?.moved ?? 0;
}

/** Makes the coming days' partitions of the attempts and drops those past their 30 days. */
export async function ensureAttemptPartitions(database: Database): Promise<void> {
  await database.run((sql) => sql`select ensure_attempt_partitions()`);
}
