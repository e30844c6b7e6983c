import type { Database } from "@oi/platform/postgres/client";
import { openDatabase } from "@oi/platform/postgres/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../config.ts";
import { captured, draft, freshScope } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { postgresPostings } from "./postings.ts";
import { postgresLedgerReads } from "./reads.ts";

const BATCH = 500;
const BATCHES = 6;

let ledger: PostgresLedger;
/** One connection for the whole file: its plans are those made while the tables were empty. */
let database: Database;

beforeAll(async () => {
  ledger = await postgresLedger();
  const config = readConfig({ LEDGER_DATABASE_URL: ledger.test.url, NATS_URL: "nats://127.0.0.1" });
  database = openDatabase(config.database, "plans", 1);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

/** How often each growing table was read from end to end so far. */
async function fullScans(): Promise<readonly object[]> {
  await database.sql`select pg_stat_force_next_flush()`;
  return ledger.as("admin").sql`
    select relname, seq_scan::int from pg_stat_user_tables
    where relname in ('txn_live', 'entry_live', 'inbox', 'open_item') order by relname`;
}

/** How many index entries of posted rows were read so far; a plan that walks a book by its index shows here. */
async function entriesRead(): Promise<number> {
  await database.sql`select pg_stat_force_next_flush()`;
  const [row] = await ledger.as("admin").sql<{ read: number }[]>`
    select sum(idx_tup_read)::int as read from pg_stat_user_indexes where relname in ('txn_live', 'entry_live')`;
  return row?.read ?? 0;
}

it("posts and reads by index, also with plans that were made while the tables were empty", async () => {
  const postings = postgresPostings(database, { announce: () => null });
  const reads = postgresLedgerReads(database);
  const scope = freshScope();
  await ledger.ports.books.open(scope);
  const post = (from: number) =>
    postings.post(
      scope,
      Array.from({ length: BATCH }, (_, i) => draft(captured({ scope, paymentId: from + i }))),
    );
  const readAll = async () => {
    await reads.account(scope, { path: "Liabilities:Merchant:Payable", currency: "BDT" });
    await reads.accounts(scope, { pathPrefix: "Assets", after: null, limit: 10 });
    await reads.allAccounts(scope);
    await reads.transactions(scope, { reference: "payment:7", ref: null, afterSeq: 0, limit: 10 });
  };
  await post(1);
  await readAll();
  const before = await fullScans();
  expect(before).toHaveLength(4);
  for (let i = 1; i < BATCHES; i += 1) await post(i * BATCH + 1);
  const fresh = await entriesRead();
  await post(BATCHES * BATCH + 1);
  const known = await entriesRead();
  // Nothing is found for what is new, and one entry for each key that is known: never a walk through the book.
  expect(known - fresh).toBe(0);
  await post(1);
  expect((await entriesRead()) - known).toBe(BATCH);
  await readAll();
  expect(await fullScans()).toEqual(before);
  const read = await entriesRead();
  expect(
    await reads.transactions(scope, { reference: "payment:7", ref: null, afterSeq: 0, limit: 10 }),
  ).toHaveLength(1);
  // One transaction and its four entries, in a book of thousands.
  expect((await entriesRead()) - read).toBe(5);
}, 60_000);
