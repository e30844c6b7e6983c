import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { violates } from "@oi/platform/postgres/errors";
import type { ReceiptStore } from "../../application/get-receipt.ts";
import type { IssuedNumber } from "../../domain/receipt.ts";

type Row = { number: string; issued_at: Date };

/** Receipt numbers in PostgreSQL. */
export function postgresReceiptStore(database: Database): ReceiptStore {
  return {
    issue: async (paymentId, scope) => {
      const known = await database.run((sql) => find(sql, paymentId));
      if (known) return known;
      const fresh = await database
        .run((sql) => count(sql, paymentId, scope))
        .catch((error) => {
          if (violates(error, "receipt_pkey")) return null;
          throw error;
        });
      const issued = fresh ?? (await database.run((sql) => find(sql, paymentId)));
      if (!issued) throw new Error(`payment ${paymentId} got no receipt number`);
      return issued;
    },
  };
}

const toIssued = (row: Row): IssuedNumber => ({
  number: Number(row.number),
  issuedAt: row.issued_at.getTime(),
});

async function find(sql: Sql, paymentId: number): Promise<IssuedNumber | null> {
  const [row] = await sql<Row[]>`select number, issued_at from receipt where payment_id = ${paymentId}`;
  return row ? toIssued(row) : null;
}

/**
 * Counts up and uses the number in one statement. Who comes second for the same payment breaks the primary key, and
 * with that takes its count back.
 */
async function count(
  sql: Sql,
  paymentId: number,
  { applicationId, mode }: Scope,
): Promise<IssuedNumber | null> {
  const [row] = await sql<Row[]>`
    with counted as (
      insert into receipt_counter (application_id, mode, last) values (${applicationId}, ${mode}, 1)
      on conflict (application_id, mode) do update set last = receipt_counter.last + 1 returning last)
    insert into receipt (payment_id, application_id, mode, number, issued_at)
    select ${paymentId}, ${applicationId}, ${mode}, last, date_trunc('milliseconds', clock_timestamp()) from counted
    returning number, issued_at`;
  return row ? toIssued(row) : null;
}
