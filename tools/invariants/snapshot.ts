import postgres from "postgres";

/** The three databases. */
export type DatabaseName = "payments" | "ledger" | "webhooks";

export type Snapshot = postgres.TransactionSql;

/** One read-only snapshot per database; nothing that happens later is seen. */
export type Snapshots = Readonly<Record<DatabaseName, Snapshot>>;

const ROWS_AT_ONCE = 500;

/** Runs the work inside a REPEATABLE READ, READ ONLY transaction. */
export async function inSnapshot<T>(url: string, work: (sql: Snapshot) => Promise<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    onnotice: () => undefined,
    connection: {
      application_name: "invariants",
      default_transaction_read_only: true,
      statement_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    },
  });
  try {
    return (await sql.begin("isolation level repeatable read read only", async (snapshot) => {
      await refuseHalfSight(snapshot);
      return work(snapshot);
    })) as T;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A service's own login sees one book at a time: to it an unbalanced ledger looks empty and so balanced. */
async function refuseHalfSight(sql: Snapshot): Promise<void> {
  const [row] = await sql<{ hidden: string | null }[]>`
    select min(oid::regclass::text) as hidden from pg_class where relrowsecurity and row_security_active(oid)`;
  if (row?.hidden)
    throw new Error(`this login does not see all rows of ${row.hidden}; give the owner's address`);
}

/** Runs the work with every database that has an address. */
export function inSnapshots<T>(
  urls: Partial<Record<DatabaseName, string>>,
  work: (at: Partial<Snapshots>) => Promise<T>,
): Promise<T> {
  const [next, ...rest] = Object.entries(urls) as [DatabaseName, string][];
  if (!next) return work({});
  const [name, url] = next;
  return inSnapshot(url, (sql) =>
    inSnapshots(Object.fromEntries(rest), (others) => work({ ...others, [name]: sql })),
  );
}

/** The rows of a query, a few hundred at a time: the answer may be larger than this process. */
export async function* stream<T extends object>(sql: Snapshot, text: string): AsyncGenerator<T> {
  // A tagged template without values, because only such a query can be read through a cursor.
  const strings = Object.assign([text], { raw: [text] }) as unknown as TemplateStringsArray;
  for await (const rows of sql<T[]>(strings).cursor(ROWS_AT_ONCE)) yield* rows as unknown as T[];
}
