import type { Sql } from "@oi/platform/postgres/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyBook } from "../../application/verify-book.ts";
import type { IntegrityBreak } from "../../domain/book-proof.ts";
import { verified } from "../../testing/drain.ts";
import { freshScope } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { tellStory } from "../../testing/story.ts";
import { nodeSha256 } from "../node/sha256.ts";
import { bookId } from "./book-id.ts";
import { postgresSnapshots } from "./snapshots.ts";

// Real: PostgreSQL, and a superuser who switched the triggers off. Judge: the proof of the book, which must name it.
let ledger: PostgresLedger;
const scope = freshScope();
const raised: string[] = [];

beforeAll(async () => {
  ledger = await postgresLedger();
  await tellStory(ledger.ports, scope);
});
afterAll(() => ledger[Symbol.asyncDispose]());

const verify = () =>
  verified(
    verifyBook({
      snapshots: postgresSnapshots(ledger.database, 2),
      alarms: { raise: async (_, { check }) => void raised.push(check) },
      sha256: nodeSha256,
    }),
    scope,
  );

const TABLES = [
  "book",
  "account",
  "account_balance",
  "account_day",
  "open_item",
  "txn",
  "entry",
  "rejection",
  "block",
];
const ALL = [...TABLES, "adjustment", "inbox"];

/** Does it with the triggers off, proves the book, and puts everything back. */
async function afterTampering(tamper: (sql: Sql) => Promise<unknown>): Promise<string> {
  const { sql } = ledger.as("admin");
  const off = async (work: (sql: Sql) => Promise<unknown>) =>
    sql.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`;
      await work(transaction as unknown as Sql);
    });
  try {
    await off(async (own) => {
      for (const table of ALL)
        await own.unsafe(`create table kept_${table} as select * from ledger.${table}`);
      await tamper(own);
    });
  } catch (error) {
    return `refused ${(error as { code?: string }).code}`;
  }
  const { firstBreak } = await verify();
  await off(async (own) => {
    for (const table of [...ALL].reverse()) await own.unsafe(`delete from ledger.${table}`);
    for (const table of ALL) {
      await own.unsafe(`insert into ledger.${table} overriding system value select * from kept_${table}`);
      await own.unsafe(`drop table kept_${table}`);
    }
  });
  return firstBreak ? placeOf(firstBreak) : "nothing";
}

/** The check that failed first, and the block, transaction and leg where it did. */
function placeOf({ check, blockNo, seq, leg }: IntegrityBreak): string {
  const place = [
    ["block", blockNo],
    ["seq", seq],
    ["leg", leg],
  ].flatMap(([name, at]) => (at === null ? [] : [`${name} ${at}`]));
  return [check, ...place].join(" ");
}

const where = (seq: number): string => `book_id = ${bookId(scope)} and seq = ${seq}`;

it("finds nothing wrong with a book that nobody touched", async () => {
  const { firstBreak, transactions, blocks } = await verify();
  expect([firstBreak, transactions, blocks]).toEqual([null, 19, 7]);
});

describe("a superuser", () => {
  it.each([
    ["deletes a transaction", `delete from ledger.txn where ${where(3)}`, "V1 block 1 seq 4"],
    ["deletes the entries of one", `delete from ledger.entry where ${where(3)}`, "V4 block 1 seq 3"],
    [
      "deletes a transaction with its entries",
      `delete from ledger.entry where ${where(3)}; delete from ledger.txn where ${where(3)}`,
      "V1 block 1 seq 4",
    ],
    ["swaps two sequences", swapped("txn"), "V4 block 1 seq 1"],
    [
      "swaps two sequences with their entries",
      `${swapped("txn")}; ${swapped("entry")}`,
      "V5 block 1 seq 1 leg 1",
    ],
    [
      "cuts the tail",
      "delete from ledger.txn where seq > 15; delete from ledger.entry where seq > 15; delete from ledger.block where to_seq > 15",
      "V1",
    ],
    [
      "cuts the tail and the head of the book",
      `delete from ledger.txn where block_no > 2; delete from ledger.entry where seq > 15;
       delete from ledger.block where block_no > 2; delete from ledger.rejection;
       update ledger.book set last_seq = 15, last_block = 2,
         head = (select hash from ledger.block where block_no = 2)`,
      "V5",
    ],
    ["deletes a block", "delete from ledger.block where block_no = 3", "V2 block 4"],
    ["deletes a refusal", "delete from ledger.rejection", "V2 block 5"],
    ["changes the code of a refusal", "update ledger.rejection set code = 'ACCOUNT_CLOSED'", "V3 block 5"],
    [
      "adds an entry beyond the end",
      `insert into ledger.entry select (jsonb_populate_record(e, '{"seq": 900, "account_version": 900}')).*
       from ledger.entry e where seq = 1 and leg = 1`,
      "V1",
    ],
    [
      "renames an account",
      "update ledger.account set path = path || 'X' where path = 'Expenses:WriteOff'",
      "V8 block 4 seq 17 leg 1",
    ],
    [
      "renames an account to another of the chart",
      "update ledger.account set path = 'Income:PlatformFee' where path = 'Expenses:WriteOff'",
      "V3 block 4 seq 17",
    ],
    ["deletes an open item", "delete from ledger.open_item where ref = 'late:57'", "V7 seq 7"],
    ["moves a day's total", "update ledger.account_day set day = day + 1", "V6"],
    ["forgets that an event came", "delete from ledger.inbox where seq = 2", "V11 seq 2"],
    ["deletes what people agreed on", "delete from ledger.adjustment", "V14 seq 16"],
    [
      "lets another have approved",
      "update ledger.adjustment set checker = 'eve' where checker = 'bela'",
      "V14 seq 16",
    ],
  ])("%s", async (_, statements, place) => {
    expect(await afterTampering((sql) => sql.unsafe(statements))).toBe(place);
    expect((await verify()).firstBreak).toBeNull();
    expect(raised.at(-1)).toBe(place.split(" ")[0]);
  });
});

/** Two transactions in one block change places. */
function swapped(table: string): string {
  return `update ledger.${table} set seq = 9000 where seq = 2; update ledger.${table} set seq = 2 where seq = 1;
    update ledger.${table} set seq = 1 where seq = 9000`;
}

/** What no hash covers and nothing can recompute, and why it is of no weight. */
const UNPROVED = new Set([
  ...["account.created_at", "account.status", "book.application_id", "book.mode"],
  // Decided before the posting; the posting itself names who, what and when.
  ...["adjustment.idem_key", "adjustment.decision", "adjustment.decided_at", "adjustment.created_at"],
  ...["adjustment.expires_at", "inbox.received_at", "inbox.subject", "book.recorded_at"],
]);

/** Changes a value as little as its type allows. */
const FLIPS: Readonly<Record<string, (column: string) => string>> = {
  bigint: (column) => `coalesce(${column}, 0) + 1`,
  integer: (column) => `${column} + 1`,
  smallint: (column) => `${column} + 1`,
  boolean: (column) => `not ${column}`,
  text: (column) =>
    `overlay(${column} placing case right(${column}, 1) when 'Q' then 'R' else 'Q' end from length(${column}))`,
  bytea: (column) => `set_byte(${column}, 31, get_byte(${column}, 31) # 1)`,
  date: (column) => `${column} + 1`,
  "timestamp with time zone": (column) => `${column} + interval '1 microsecond'`,
  uuid: () => "gen_random_uuid()",
  xid8: () => "'7'::xid8",
};

/** Where the least change is none. */
const FLIP_OF: Readonly<Record<string, string>> = {
  "book.utc_offset_minutes": "-720",
  "account_balance.min_balance": "-9000000000000000000",
  "account_balance.max_balance": "9000000000000000000",
};

it("finds every single value that somebody flips", async () => {
  const columns = await ledger.as("admin").sql<{ name: string; column: string; type: string }[]>`
    select c.relname as name, a.attname as column, format_type(a.atttypid, null) as type
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'ledger'::regnamespace and c.relname = any (${ALL}) and a.attnum > 0 order by 1, 2`;
  expect(columns.length).toBeGreaterThan(75);
  const unnoticed: string[] = [];
  for (const { name, column, type } of columns) {
    if (UNPROVED.has(`${name}.${column}`)) continue;
    const flip = FLIP_OF[`${name}.${column}`] ?? FLIPS[type]?.(column);
    if (flip === undefined)
      throw new Error(`${name}.${column} is of the type ${type}, which no flip is known for`);
    // Who asked for what the book refused is in no hash; who changed the book is.
    const posted = "exists (select from ledger.txn t where t.idem_key = 'adjustment:' || adjustment.id)";
    const proved = name === "adjustment" ? `and ${posted}` : "";
    const found = await afterTampering(async (sql) => {
      const changed = await sql.unsafe(
        `update ledger.${name} set ${column} = ${flip} where ctid = any (array(
           select ctid from ledger.${name} where (${column} is not null or '${column}' ~ '^m.._balance') ${proved} limit 1))
         returning 1`,
      );
      if (changed.length === 0) throw new Error(`${name}.${column} has no value to flip`);
    });
    if (found === "nothing" || found === "refused undefined") unnoticed.push(`${name}.${column}: ${found}`);
  }
  expect(unnoticed).toEqual([]);
}, 120_000);
