import type { Scope } from "@oi/kernel/scope";
import { bookId } from "../adapters/postgres/book-id.ts";

/** What one guard of the schema alone forbids. */
export type Probe = {
  /** Takes the guard away. */
  readonly drop: string;
  /** What it forbids. */
  readonly harm: string;
  /** The SQLSTATE of its refusal. */
  readonly code: string;
  /** Other guards of the same rows, taken away before, because they would hide this one. */
  readonly without: readonly string[];
};

const CHECK = "23514";
const UNIQUE = "23505";
const FOREIGN = "23503";
const FORBIDDEN = "42501";
const SHORT = "\\x00";
const OTHER_EVENT = "00000000-0000-7000-8000-0000000000ff";

type Row = readonly [
  table: string,
  changes: Readonly<Record<string, unknown>>,
  code?: string,
  where?: string,
];

const book = { id: 9_000, application_id: 9_000 };
const account = { id: 9_000, path: "Expenses:Other" };
const txn = { seq: 900, idem_key: "x", event_id: null };
const entry = { seq: 900, account_version: 900 };
const rejection = { idem_key: "x", leaf_index: 900 };
const block = { block_no: 900 };
const adjustment = { id: 9_000, idem_key: "x" };

/** By the constraint's name: a copy of a stored row that differs in this, and breaks this constraint and no other. */
const COPIES: Readonly<Record<string, Row>> = {
  book_pkey: ["book", {}, UNIQUE],
  book_application_id_check: ["book", { id: 0, application_id: 0 }],
  book_mode_check: ["book", { ...book, id: -9_000, mode: "DEMO" }],
  book_utc_offset_minutes_check: ["book", { ...book, utc_offset_minutes: 900 }],
  book_last_seq_check: ["book", { ...book, last_seq: -1 }],
  book_last_block_check: ["book", { ...book, last_block: -1 }],
  book_head_check: ["book", { ...book, head: SHORT }],
  book_check: ["book", { ...book, id: 9_001 }],
  account_pkey: ["account", { path: "Expenses:Other" }, UNIQUE],
  account_book_id_fkey: ["account", { ...account, book_id: 77_777 }, FOREIGN],
  account_book_id_path_currency_key: ["account", { id: 9_000 }, UNIQUE],
  account_path_check: ["account", { ...account, path: "Moon" }],
  account_currency_check: ["account", { ...account, currency: "BD" }],
  account_status_check: ["account", { ...account, status: "AJAR" }],
  account_balance_pkey: ["account_balance", {}, UNIQUE],
  account_balance_account_id_fkey: ["account_balance", { account_id: 9_000 }, FOREIGN],
  account_day_pkey: ["account_day", {}, UNIQUE],
  account_day_debits_check: ["account_day", { day: "2001-01-01", debits: -1 }],
  account_day_credits_check: ["account_day", { day: "2001-01-01", credits: -1 }],
  open_item_pkey: ["open_item", {}, UNIQUE],
  open_item_ref_check: ["open_item", { ref: "no item" }],
  txn_pkey: ["txn", { ...txn, seq: 1 }, UNIQUE],
  txn_idem_key: ["txn", { seq: 900, event_id: null }, UNIQUE],
  txn_seq_check: ["txn", { ...txn, seq: 0 }],
  txn_block_no_check: ["txn", { ...txn, block_no: 0 }],
  txn_entry_count_check: ["txn", { ...txn, entry_count: 1 }],
  txn_idem_key_check: ["txn", { ...txn, idem_key: "" }],
  txn_request_hash_check: ["txn", { ...txn, request_hash: SHORT }],
  txn_reference_check: ["txn", { ...txn, reference: "no reference" }],
  txn_check: ["txn", { ...txn, kind: 31, reverses_seq: 900 }],
  txn_details_check: ["txn", { ...txn, details: "x".repeat(8_193) }],
  txn_leaf_check: ["txn", { ...txn, leaf: SHORT }],
  txn_reversal: ["txn", { ...txn, kind: 31 }],
  entry_pkey: ["entry", { account_version: 900 }, UNIQUE],
  entry_version: ["entry", { seq: 900 }, UNIQUE],
  entry_amount_check: ["entry", { ...entry, amount: 0 }],
  entry_debits_after_check: ["entry", { ...entry, debits_after: -1 }],
  entry_account_version_check: ["entry", { ...entry, account_version: 0 }],
  entry_ref_check: ["entry", { ...entry, ref: "no item" }],
  rejection_pkey: ["rejection", { leaf_index: 900 }, UNIQUE],
  rejection_book_id_block_no_leaf_index_key: ["rejection", { idem_key: "x" }, UNIQUE],
  rejection_idem_key_check: ["rejection", { ...rejection, idem_key: "" }],
  rejection_block_no_check: ["rejection", { ...rejection, block_no: 0 }],
  rejection_leaf_index_check: ["rejection", { ...rejection, leaf_index: -1 }],
  rejection_request_hash_check: ["rejection", { ...rejection, request_hash: SHORT }],
  rejection_code_check: ["rejection", { ...rejection, code: "NO" }],
  rejection_leaf_check: ["rejection", { ...rejection, leaf: SHORT }],
  block_pkey: ["block", {}, UNIQUE],
  block_block_no_check: ["block", { block_no: 0 }],
  block_from_seq_check: ["block", { ...block, from_seq: 0 }],
  block_check: ["block", { ...block, from_seq: 5, to_seq: 0 }],
  block_leaf_count_check: ["block", { ...block, leaf_count: 0 }],
  block_root_check: ["block", { ...block, root: SHORT }],
  block_prev_check: ["block", { ...block, prev: SHORT }],
  block_hash_check: ["block", { ...block, hash: SHORT }],
  inbox_pkey: ["inbox", {}, UNIQUE],
  inbox_outcome_check: ["inbox", { event_id: OTHER_EVENT, outcome: "LOST", seq: null }],
  inbox_outcome: ["inbox", { event_id: OTHER_EVENT, seq: null }, CHECK, "t.outcome = 'POSTED'"],
  parked_event_pkey: ["parked_event", {}, UNIQUE],
  parked_event_event_id_fkey: ["parked_event", { event_id: OTHER_EVENT }, FOREIGN],
  adjustment_pkey: ["adjustment", { idem_key: "x" }, UNIQUE],
  adjustment_key: ["adjustment", { id: 9_000 }, UNIQUE],
  adjustment_book_id_fkey: ["adjustment", { ...adjustment, book_id: 77_777 }, FOREIGN],
  adjustment_idem_key_check: ["adjustment", { ...adjustment, idem_key: "" }],
  adjustment_content_check: ["adjustment", { ...adjustment, content: "x".repeat(32_769) }],
  adjustment_content_hash_check: ["adjustment", { ...adjustment, content_hash: SHORT }],
  adjustment_maker_check: ["adjustment", { ...adjustment, maker: "" }],
  adjustment_status_check: ["adjustment", { ...adjustment, status: "DONE", checker: null }],
  adjustment_checker_check: ["adjustment", { ...adjustment, checker: "" }],
  adjustment_two_people: ["adjustment", { ...adjustment, maker: "bela" }],
  adjustment_decided: ["adjustment", { ...adjustment, checker: null }],
};

/** Where a change shows more simply than a copy. */
const CHANGES: Readonly<Record<string, string>> = {
  account_balance_limits: "update ledger.account_balance set max_balance = -9e15",
  account_balance_debits_check: "update ledger.account_balance set debits = -1, max_balance = null",
  account_balance_credits_check: "update ledger.account_balance set credits = -1, max_balance = null",
  account_balance_version_check: "update ledger.account_balance set version = -1",
};

const WITHOUT_BALANCE = ["drop trigger checked on ledger.entry", "drop trigger checked on ledger.entry_live"];

/** Every probe by the name of its guard, over two books that each hold the whole story. */
export function schemaProbes(live: Scope, test: Scope): ReadonlyMap<string, Probe> {
  const first: Readonly<Record<string, string>> = {
    book: `t.id = ${bookId(live)}`,
    txn: `t.book_id = ${bookId(live)} and t.seq = 1`,
    entry: `t.book_id = ${bookId(live)} and t.seq = 1 and t.leg = 1`,
    adjustment: "t.status = 'APPROVED'",
  };
  const copyOf = ([table, changes, , where = first[table] ?? "true"]: Row): string =>
    `insert into ledger.${table} overriding system value
     select (jsonb_populate_record(t, '${JSON.stringify(changes)}')).* from ledger.${table} t where ${where} limit 1`;
  const constraint = (name: string, table: string, harm: string, code: string): [string, Probe] => [
    `constraint ${name}`,
    {
      drop: `alter table ledger.${table} drop constraint ${name} cascade`,
      harm,
      code,
      without: table === "entry" ? WITHOUT_BALANCE : [],
    },
  ];
  const index = (name: string, row: Row): [string, Probe] => [
    `index ${name}`,
    { drop: `drop index ledger.${name}`, harm: copyOf(row), code: UNIQUE, without: [] },
  ];
  const { event_id: _, ...withEvent } = txn;
  return new Map([
    ...Object.entries(COPIES).map(([name, row]) => constraint(name, row[0], copyOf(row), row[2] ?? CHECK)),
    ...Object.entries(CHANGES).map(([name, harm]) => constraint(name, "account_balance", harm, CHECK)),
    index("txn_event", ["txn", withEvent]),
    index("txn_reverses", ["txn", withEvent, UNIQUE, `t.book_id = ${bookId(live)} and t.kind = 31`]),
    ...triggerProbes(live, test),
  ]);
}

function triggerProbes(live: Scope, test: Scope): readonly (readonly [string, Probe])[] {
  const trigger = (table: string, name: string, harm: string, more: Partial<Probe> = {}): [string, Probe] => [
    `trigger ${name} on ${table}`,
    { drop: `drop trigger ${name} on ledger.${table}`, harm, code: FORBIDDEN, without: [], ...more },
  ];
  const oneLegged = (table: string, scope: Scope): string =>
    `insert into ledger.${table} (book_id, seq, leg, account_id, amount, balance_after, debits_after, account_version)
     select ${bookId(scope)}, 900, 1, a.id, 5, 0, 0, 900 from ledger.account a
     where a.book_id = ${bookId(scope)} and a.path = 'Liabilities:Merchant:Payable' and a.currency = 'BDT'`;
  const truncate = (table: string, without: readonly string[] = []): [string, Probe] =>
    trigger(table, "no_truncate", `truncate ledger.${table} cascade`, {
      without: without.map((other) => `drop trigger no_truncate on ledger.${other}`),
    });
  return [
    trigger("entry", "checked", oneLegged("entry", live), { code: CHECK }),
    trigger("entry_live", "checked", oneLegged("entry_live", live), { code: CHECK }),
    trigger("entry_test", "checked", oneLegged("entry_test", test), { code: CHECK }),
    ...["txn", "entry", "block", "rejection"].map((table) =>
      trigger(table, "no_change", `delete from ledger.${table} where book_id = ${bookId(live)}`),
    ),
    ...["txn_live", "entry_live", "block_live", "rejection", "adjustment", "account"].map((table) =>
      truncate(table),
    ),
    // What hangs on the books is truncated with them, and guarded itself.
    truncate("book", ["account", "adjustment"]),
    trigger("account", "keep_account", "update ledger.account set clearing = not clearing"),
    trigger("adjustment", "keep_adjustment", "update ledger.adjustment set maker = maker || 'x'"),
    trigger("adjustment", "no_delete", `delete from ledger.adjustment where book_id = ${bookId(live)}`),
  ];
}
