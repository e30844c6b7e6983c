import type { Sql } from "postgres";

/** Everything that the service compares with its clock. */
const TABLES = [
  "payment",
  "payment_history",
  "payment_review",
  "gateway_attempt",
  "gateway_callback",
  "gateway_inquiry",
  "charge",
  "refund",
  "refund_attempt",
  "refund_call",
];

/**
 * Lets time pass for a database: every moment that is stored moves into the past. For the service that is a later
 * clock, because it compares what is stored with its clock and nothing else. The revision rises, so that a commit
 * which was decided before loads and decides again. For tests only.
 */
export async function timeMachine(sql: Sql): Promise<(ms: number) => Promise<void>> {
  const columns = await sql<{ table: string; names: string[] }[]>`
    select table_name as table, array_agg(column_name::text) as names from information_schema.columns
    where data_type = 'timestamp with time zone' and table_name = any(${TABLES}) group by table_name`;
  if (columns.length !== TABLES.length) throw new Error("a table of the time machine is gone");
  const statements = columns.map(({ table, names }) => {
    const moved = names.map((name) => `${name} = ${name} - $1 * interval '1 millisecond'`);
    return `update ${table} set ${[...moved, ...(table === "payment" ? ["revision = revision + 1"] : [])].join(", ")}`;
  });
  return async (ms) => {
    await sql.begin(async (tx) => {
      // Nobody commits in between; a commit takes the payment first.
      await tx`lock table payment in exclusive mode`;
      for (const statement of statements) await tx.unsafe(statement, [ms]);
    });
  };
}

/** Whether a worker has something to do now or is doing it. */
export async function isBusy(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ busy: boolean }[]>`
    select exists (select from gateway_attempt where next_inquiry_at <= clock_timestamp())
      or exists (select from refund_attempt where next_at <= clock_timestamp()) as busy`;
  return row?.busy ?? false;
}
