import type { Scope } from "@oi/kernel/scope";
import { afterAll, beforeAll, expect, it } from "vitest";
import { verifyBook } from "../../application/verify-book.ts";
import { verified } from "../../testing/drain.ts";
import { captured, draft, freshScope, receivedEvent } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { nodeSha256 } from "../node/sha256.ts";
import { postgresRetention } from "./retention.ts";
import { postgresSnapshots } from "./snapshots.ts";

// Real: PostgreSQL, with a book of a month ago and one of today. Judge: what is left, and the proof of the books.
let ledger: PostgresLedger;
const old = freshScope();
const young = freshScope();
const draftsOf = (scope: Scope) => [1, 2, 3].map((paymentId) => draft(captured({ scope, paymentId })));
const oldDrafts = draftsOf(old);

async function setClock(now: string): Promise<void> {
  await ledger.as("owner").sql.unsafe(`create or replace function ledger.posting_time() returns timestamptz
    language sql as $$ select ${now} $$`);
}

/** As if what the inbox holds had come so long ago. */
async function letDaysPass(days: number): Promise<void> {
  await ledger.as("admin").sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`update ledger.inbox set received_at = received_at - ${days}::int * interval '1 day'`;
  });
}

beforeAll(async () => {
  ledger = await postgresLedger();
  const { books, postings, parkedEvents } = ledger.ports;
  for (const scope of [old, young]) await books.open(scope);
  await ledger.as("owner").sql`update ledger.book set recorded_at = clock_timestamp() - interval '40 days'`;
  await setClock("clock_timestamp() - interval '31 days'");
  await postings.post(old, oldDrafts);
  await setClock("clock_timestamp()");
  await parkedEvents.ignore([receivedEvent()]);
  await parkedEvents.park(receivedEvent(), "UNDECODABLE", "no JSON");
  await letDaysPass(29);
});
afterAll(() => ledger[Symbol.asyncDispose]());

const forget = (limit: number) => postgresRetention(ledger.database).forgetEvents(limit);

async function inbox(): Promise<Record<string, number>> {
  const rows = await ledger.as("owner").sql<{ outcome: string; count: number }[]>`
    select outcome, count(*)::int as count from ledger.inbox group by 1 order by 1`;
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
}

async function firstBreak(scope: Scope) {
  const snapshots = postgresSnapshots(ledger.database, 1);
  const verify = verifyBook({ snapshots, alarms: { raise: async () => {} }, sha256: nodeSha256 });
  return (await verified(verify, scope)).firstBreak;
}

it("forgets events after thirty days, some at a time, and keeps what waits for a person", async () => {
  expect(await forget(100)).toBe(0);
  await letDaysPass(2);
  expect(await forget(3)).toBe(3);
  expect(await forget(100)).toBe(1);
  expect(await forget(100)).toBe(0);
  expect(await inbox()).toEqual({ PARKED: 1 });
  expect(await firstBreak(old)).toBeNull();
});

it("knows a forgotten event by its business key, for ever", async () => {
  expect(await ledger.ports.postings.post(old, oldDrafts.slice(0, 1))).toEqual([
    { code: "REPLAYED", seq: 1 },
  ]);
  expect(await inbox()).toEqual({ PARKED: 1, REPLAYED: 1 });
  const [row] = await ledger.as("owner").sql`select count(*)::int as count from ledger.txn`;
  expect(row).toEqual({ count: 3 });
  expect(await firstBreak(old)).toBeNull();
});

it("misses what went before its time", async () => {
  await ledger.ports.postings.post(young, draftsOf(young));
  expect(await firstBreak(young)).toBeNull();
  await letDaysPass(31);
  expect(await forget(100)).toBe(4);
  expect(await firstBreak(young)).toMatchObject({ check: "V11", seq: 1, actual: "nothing" });
});
