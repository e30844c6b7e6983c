import type { Sql } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshScope, receivedEvent } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { schemaProbes } from "../../testing/schema-probes.ts";
import { tellStory } from "../../testing/story.ts";

// Each guard of the schema is taken away in a transaction that is rolled back. What it forbids must be refused while it
// stands and happen once it is gone: so every guard is needed, and every probe tests the guard that it names. The list
// of guards is the database's own; one without a probe fails.
let ledger: PostgresLedger;
const live = freshScope("LIVE");
const test = freshScope("TEST");
const PROBES = schemaProbes(live, test);

beforeAll(async () => {
  ledger = await postgresLedger();
  for (const scope of [live, test]) await tellStory(ledger.ports, scope);
  await ledger.ports.parkedEvents.park(receivedEvent(), "UNDECODABLE", "no JSON");
});
afterAll(() => ledger[Symbol.asyncDispose]());

/** The SQLSTATE of a refusal, or "done"; nothing of it stays. */
async function outcome(statements: readonly string[]): Promise<string> {
  let answer = "done";
  await ledger
    .as("admin")
    .sql.begin(async (transaction) => {
      const sql = transaction as unknown as Sql;
      try {
        for (const one of statements) await sql.unsafe(one);
      } catch (error) {
        answer = postgresCode(error) ?? String(error);
      }
      throw new Error("rolled back");
    })
    .catch(() => undefined);
  return answer;
}

it.each([...PROBES])("needs the %s", async (_, { drop, harm, code, without }) => {
  expect(await outcome([...without, harm])).toBe(code);
  expect(await outcome([...without, drop, harm])).toBe("done");
});

it("has a probe for every constraint, unique index and trigger", async () => {
  const rows = await ledger.as("admin").sql<{ name: string }[]>`
    with tables as (
      select oid, relname from pg_class
      where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p') and not relispartition)
    select 'constraint ' || k.conname as name from pg_constraint k join tables c on c.oid = k.conrelid
    where k.contype <> 'n'
    union all
    select 'index ' || i.indexrelid::regclass::text from pg_index i join tables c on c.oid = i.indrelid
    where i.indisunique and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    union all
    select 'trigger ' || t.tgname || ' on ' || c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'ledger'::regnamespace and not t.tgisinternal and t.tgparentid = 0`;
  const guards = rows.map(({ name }) => name.replace("index ledger.", "index ")).sort();
  expect([...PROBES.keys()].sort()).toEqual(guards);
  expect(guards.length).toBeGreaterThan(80);
});

it("leaves no column empty that must be filled", async () => {
  const rows = await ledger.as("admin").sql<{ name: string }[]>`
    select c.relname || '.' || a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped and not a.attnotnull order by 1`;
  expect(rows.map(({ name }) => name)).toEqual([
    "account_balance.max_balance",
    "account_balance.min_balance",
    "adjustment.checker",
    "adjustment.decided_at",
    "adjustment.decision",
    "entry.ref",
    "inbox.book_id",
    "inbox.seq",
    "parked_event.resolution",
    "parked_event.resolved_at",
    "txn.approver",
    "txn.event_id",
    "txn.reverses_seq",
  ]);
});
