import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { bookId } from "./book-id.ts";

type Query<R> = (sql: Sql) => Promise<R>;

/**
 * Runs one query in a snapshot that sees this book and no other: row security hides the rest, and without the setting
 * everything. All statements travel together.
 */
export function readInBook<R>(database: Database, scope: Scope, query: Query<R>): Promise<R> {
  return inBook(database, scope, "isolation level repeatable read read only", query);
}

export function writeInBook<R>(database: Database, scope: Scope, query: Query<R>): Promise<R> {
  return inBook(database, scope, "isolation level read committed", query);
}

async function inBook<R>(database: Database, scope: Scope, mode: string, query: Query<R>): Promise<R> {
  const answers = await database.run((sql) =>
    sql.begin(mode, (transaction) => {
      const own = transaction as unknown as Sql;
      return Promise.all([nameBook(own, scope), query(own)]);
    }),
  );
  return (answers as [unknown, R])[1];
}

/** For this transaction alone; with the next one the connection is nobody's again. */
export function nameBook(sql: Sql, scope: Scope): Promise<unknown> {
  return sql`select set_config('oi.book_id', ${bookId(scope)}, true)`.execute();
}
