import { fileURLToPath } from "node:url";
import type { Scope } from "@oi/kernel/scope";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { type TestDatabase, testDatabase } from "@oi/testkit/postgres";
import { postgresAdjustments } from "../adapters/postgres/adjustments.ts";
import { bookId } from "../adapters/postgres/book-id.ts";
import { postgresBooks } from "../adapters/postgres/books.ts";
import { postgresParkedEvents } from "../adapters/postgres/parked-events.ts";
import { postgresPostings } from "../adapters/postgres/postings.ts";
import { postgresLedgerReads } from "../adapters/postgres/reads.ts";
import type { AccountKey } from "../application/ports.ts";
import type { LedgerPorts } from "../application/postings.contract.ts";
import { readConfig } from "../config.ts";
import { unique } from "./facts.ts";

const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));

export type PostgresLedger = AsyncDisposable & {
  readonly ports: LedgerPorts;
  readonly database: Database;
  readonly test: TestDatabase;
  /** The same database as its owner, or as the superuser. */
  readonly as: (who: "owner" | "admin") => Database;
};

/** A database of one's own, reached as the service reaches it. */
export async function postgresLedger(): Promise<PostgresLedger> {
  await using stack = new AsyncDisposableStack();
  const test = stack.use(await testDatabase({ service: "ledger", migrations: MIGRATIONS }));
  const open = (url: string): Database => {
    const config = readConfig({ LEDGER_DATABASE_URL: url, NATS_URL: "nats://127.0.0.1" });
    return stack.use(openDatabase(config.database, "test"));
  };
  const database = open(test.url);
  const others = { owner: open(test.ownerUrl), admin: open(test.adminUrl) };
  const outboxEvent = (subject: string) => () => ({
    id: `evt_${unique()}`,
    subject,
    aggregate: "test:1",
    version: 1,
    headers: {},
    payload: "{}",
  });
  const posted = outboxEvent("ledger.adjustment.posted");
  const ports = {
    books: postgresBooks(database),
    postings: postgresPostings(database, { announce: (_, made) => (made.source ? null : posted()) }),
    parkedEvents: postgresParkedEvents(database, { announce: outboxEvent("ledger.event.parked") }),
    reads: postgresLedgerReads(database),
    adjustments: postgresAdjustments(database),
    closeAccount: async (scope: Scope, { path, currency }: AccountKey) => {
      await others.owner.run(
        (sql) => sql`
          update ledger.account set status = 'CLOSED'
          where book_id = ${bookId(scope)} and path = ${path} and currency = ${currency}`,
      );
    },
  };
  const held = stack.move();
  return {
    ports,
    database,
    test,
    as: (who) => others[who],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
