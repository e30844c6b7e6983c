import postgres from "postgres";
import type { DatabaseName } from "./invariant.ts";

/** One read-only snapshot per database; nothing that happens later is seen. */
export type Snapshots = Readonly<Record<DatabaseName, postgres.TransactionSql>> & {
  readonly quietSeconds: number;
};

/** Runs the work inside a REPEATABLE READ, READ ONLY transaction. */
export async function inSnapshot<T>(
  url: string,
  work: (sql: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    onnotice: () => undefined,
    connection: {
      application_name: "invariants",
      default_transaction_read_only: true,
      statement_timeout: 120_000,
      idle_in_transaction_session_timeout: 600_000,
    },
  });
  try {
    return (await sql.begin("isolation level repeatable read read only", work)) as T;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
