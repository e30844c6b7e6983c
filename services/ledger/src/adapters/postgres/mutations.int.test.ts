import type { Sql } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshScope } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { tellStory } from "../../testing/story.ts";
import { bookId } from "./book-id.ts";

// Each guard of the schema is taken away in a transaction that is rolled back. What it forbids must be refused while it
// stands and happen once it is gone: so every guard is needed, and every probe tests the guard that it names.
let ledger: PostgresLedger;
const live = freshScope("LIVE");
const test = freshScope("TEST");

beforeAll(async () => {
  ledger = await postgresLedger();
  for (const scope of [live, test]) await tellStory(ledger.ports, scope);
});
afterAll(() => ledger[Symbol.asyncDispose]());

/** The SQLSTATE of a refusal, or "done". */
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

const copyOf = (table: string, changes: string, where: string): string =>
  `insert into ledger.${table} overriding system value
   select (jsonb_populate_record(t, '${changes}')).* from ledger.${table} t where ${where} limit 1`;
const ownTxn = (): string => `t.book_id = ${bookId(live)} and t.seq = 1`;
const ownEntry = (): string => `t.book_id = ${bookId(live)} and t.seq = 1 and t.leg = 1`;
const unbalanced = (table: string, book: string): string =>
  `insert into ledger.${table} (book_id, seq, leg, account_id, amount, balance_after, debits_after, account_version)
   select ${book}, 900, 1, a.id, 5, 0, 0, 900 from ledger.account a
   where a.book_id = ${book} and a.path = 'Liabilities:Merchant:Payable' and a.currency = 'BDT'`;
/** A trigger of the parent on its partitions too, of which each has one of its own. */
const withoutCheck = (): string =>
  "drop trigger checked on ledger.entry; drop trigger checked on ledger.entry_live";

type Probe = { readonly drop: string; readonly probe: () => string; readonly code: string };

const trigger = (table: string, name: string, probe: () => string, code = "42501"): [string, Probe] => [
  `trigger ${name} on ${table}`,
  { drop: `drop trigger ${name} on ledger.${table}`, probe, code },
];
const constraint = (table: string, name: string, probe: () => string, code = "23514"): [string, Probe] => [
  `constraint ${name} on ${table}`,
  { drop: `alter table ledger.${table} drop constraint ${name} cascade`, probe, code },
];
const index = (name: string, probe: () => string): [string, Probe] => [
  `index ${name}`,
  { drop: `drop index ledger.${name}`, probe, code: "23505" },
];

const PROBES = new Map<string, Probe>([
  trigger("entry", "checked", () => unbalanced("entry", bookId(live)), "23514"),
  trigger("entry_live", "checked", () => unbalanced("entry_live", bookId(live)), "23514"),
  trigger("entry_test", "checked", () => unbalanced("entry_test", bookId(test)), "23514"),
  ...["txn", "entry", "block", "rejection"].map((table) =>
    trigger(table, "no_change", () => `delete from ledger.${table} where book_id = ${bookId(live)}`),
  ),
  ...["txn_live", "entry_live", "block_live", "rejection", "adjustment"].map((table) =>
    trigger(table, "no_truncate", () => `truncate ledger.${table}`),
  ),
  trigger("account", "keep_account", () => "update ledger.account set clearing = not clearing"),
  trigger("adjustment", "keep_adjustment", () => "update ledger.adjustment set maker = maker || 'x'"),
  trigger("adjustment", "no_delete", () => `delete from ledger.adjustment where book_id = ${bookId(live)}`),
  constraint("book", "book_check", () => "update ledger.book set mode = 'TEST' where id > 0"),
  constraint(
    "account",
    "account_path_check",
    () => `${copyOf("account", '{"id": 9000, "path": "Moon"}', "true")}`,
  ),
  constraint("account", "account_currency_check", () =>
    copyOf("account", '{"id": 9000, "currency": "BD"}', "true"),
  ),
  constraint(
    "account",
    "account_book_id_path_currency_key",
    () => copyOf("account", '{"id": 9000}', "true"),
    "23505",
  ),
  constraint(
    "account",
    "account_book_id_fkey",
    () => copyOf("account", '{"id": 9000, "book_id": 77777}', "true"),
    "23503",
  ),
  constraint(
    "account_balance",
    "account_balance_limits",
    () => "update ledger.account_balance set max_balance = -9e15",
  ),
  constraint(
    "account_balance",
    "account_balance_debits_check",
    () => "update ledger.account_balance set debits = -1",
  ),
  constraint(
    "account_balance",
    "account_balance_credits_check",
    () => "update ledger.account_balance set credits = -1",
  ),
  constraint(
    "txn",
    "txn_pkey",
    () => copyOf("txn", '{"idem_key": "x", "event_id": null}', ownTxn()),
    "23505",
  ),
  constraint("txn", "txn_idem_key", () => copyOf("txn", '{"seq": 900, "event_id": null}', ownTxn()), "23505"),
  constraint("txn", "txn_reversal", () =>
    copyOf("txn", '{"seq": 900, "idem_key": "x", "event_id": null, "kind": 31}', ownTxn()),
  ),
  constraint("txn", "txn_entry_count_check", () =>
    copyOf("txn", '{"seq": 900, "idem_key": "x", "event_id": null, "entry_count": 1}', ownTxn()),
  ),
  constraint("txn", "txn_check", () =>
    copyOf(
      "txn",
      '{"seq": 900, "idem_key": "x", "event_id": null, "kind": 31, "reverses_seq": 900}',
      ownTxn(),
    ),
  ),
  index("txn_event", () => copyOf("txn", '{"seq": 900, "idem_key": "x"}', ownTxn())),
  index("txn_reverses", () =>
    copyOf("txn", '{"seq": 900, "idem_key": "x"}', `t.book_id = ${bookId(live)} and t.kind = 31`),
  ),
  constraint(
    "rejection",
    "rejection_pkey",
    () => copyOf("rejection", '{"leaf_index": 900}', "true"),
    "23505",
  ),
  constraint("rejection", "rejection_code_check", () =>
    copyOf("rejection", '{"leaf_index": 900, "idem_key": "x", "code": "NO"}', "true"),
  ),
  constraint("block", "block_pkey", () => copyOf("block", "{}", "true"), "23505"),
  constraint("block", "block_check", () =>
    copyOf("block", '{"block_no": 900, "to_seq": 0, "from_seq": 5}', "true"),
  ),
  constraint("adjustment", "adjustment_key", () => copyOf("adjustment", '{"id": 900}', "true"), "23505"),
  constraint("adjustment", "adjustment_two_people", () =>
    copyOf("adjustment", '{"id": 900, "idem_key": "x", "maker": "bela"}', "t.checker = 'bela'"),
  ),
  constraint("adjustment", "adjustment_decided", () =>
    copyOf("adjustment", '{"id": 900, "idem_key": "x", "checker": null}', "t.status = 'APPROVED'"),
  ),
  constraint("inbox", "inbox_pkey", () => copyOf("inbox", "{}", "true"), "23505"),
  constraint("inbox", "inbox_outcome", () =>
    copyOf("inbox", '{"event_id": "00000000-0000-7000-8000-0000000000ff", "seq": null}', "t.seq is not null"),
  ),
]);

it.each([...PROBES])("needs the %s", async (_, { drop, probe, code }) => {
  expect(await outcome([probe()])).toBe(code);
  // The other guards of the same rows would hide what this one alone forbids.
  expect(await outcome([drop, probe()])).toBe("done");
});

describe("entries alone", () => {
  const probes: readonly (readonly [string, string, string])[] = [
    ["entry_pkey", '{"account_version": 900}', "23505"],
    ["entry_version", '{"seq": 900}', "23505"],
    ["entry_amount_check", '{"seq": 900, "account_version": 900, "amount": 0}', "23514"],
    ["entry_ref_check", '{"seq": 900, "account_version": 900, "ref": "no item"}', "23514"],
  ];
  it.each(probes)("need %s", async (name, changes, code) => {
    const probe = copyOf("entry", changes, ownEntry());
    expect(await outcome([withoutCheck(), probe])).toBe(code);
    const drop = `alter table ledger.entry drop constraint ${name} cascade`;
    expect(await outcome([withoutCheck(), drop, probe])).toBe("done");
  });
});

it("has a probe for every trigger", async () => {
  const rows = await ledger.as("admin").sql<{ name: string }[]>`
    select 'trigger ' || t.tgname || ' on ' || c.relname as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'ledger'::regnamespace and not t.tgisinternal and t.tgparentid = 0 order by 1`;
  // What the foreign keys refuse anyway cannot be shown without them.
  const shown = rows.map(({ name }) => name).filter((name) => !/no_truncate on (account|book)$/.test(name));
  expect(shown.filter((name) => !PROBES.has(name))).toEqual([]);
  expect(shown.length).toBeGreaterThan(12);
});

it("hides everything of another book by a policy on each table, and by nothing else", async () => {
  const policies = await ledger.as("admin").sql<{ table: string }[]>`
    select distinct tablename as table from pg_policies where schemaname = 'ledger' order by 1`;
  expect(policies).toHaveLength(11);
  const look = (table: string) => [
    `set local role ${ledger.test.appRole}`,
    `select 1 / (select count(*) from ledger.${table})`,
  ];
  for (const { table } of policies) {
    // With no row there is nothing to divide by.
    expect([table, await outcome(look(table))]).toEqual([table, "22012"]);
    const drop = `alter table ledger.${table} disable row level security`;
    expect([table, await outcome([drop, ...look(table)])]).toEqual([table, "done"]);
  }
});
