import { postgresCode } from "@oi/platform/postgres/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captured, draft, freshScope } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { bookId } from "./book-id.ts";

let ledger: PostgresLedger;
const live = freshScope("LIVE");
const test = freshScope("TEST");

beforeAll(async () => {
  ledger = await postgresLedger();
  for (const scope of [live, test]) {
    await ledger.ports.books.open(scope);
    await ledger.ports.postings.post(scope, [
      draft(captured({ scope })),
      draft(captured({ scope, paymentId: 2 })),
    ]);
  }
});

afterAll(() => ledger[Symbol.asyncDispose]());

/** The SQLSTATE that a statement is refused with; "done" when it is not. */
async function attempt(who: "app" | "owner" | "admin", text: string): Promise<string> {
  const database = who === "app" ? ledger.database : ledger.as(who);
  try {
    await database.sql.unsafe(text);
    return "done";
  } catch (error) {
    return postgresCode(error) ?? String(error);
  }
}

const FORBIDDEN = "42501";
const POSTED_TABLES = ["txn", "entry", "block"].flatMap((name) => [name, `${name}_live`, `${name}_test`]);

describe("the service's own login", () => {
  const tables = [
    ...POSTED_TABLES,
    "book",
    "account",
    "account_balance",
    "account_day",
    "open_item",
    "rejection",
  ];

  it.each(tables)("can change nothing in %s", async (table) => {
    for (const statement of [
      `update ledger.${table} set book_id = book_id`.replace(
        "book set book_id = book_id",
        "book set id = id",
      ),
      `delete from ledger.${table}`,
      `truncate ledger.${table}`,
      `insert into ledger.${table} default values`,
    ]) {
      expect([statement, await attempt("app", statement)]).toEqual([statement, FORBIDDEN]);
    }
  });

  it("cannot forget that it saw an event", async () => {
    expect(await attempt("app", "update ledger.inbox set outcome = 'IGNORED'")).toBe(FORBIDDEN);
    expect(await attempt("app", "delete from ledger.inbox")).toBe(FORBIDDEN);
    expect(await attempt("app", "update ledger.parked_event set payload = ''")).toBe(FORBIDDEN);
  });

  it("cannot reach a partition behind its parent", async () => {
    for (const table of ["txn", "entry", "block"].flatMap((one) => [`${one}_live`, `${one}_test`])) {
      expect(await attempt("app", `select 1 from ledger.${table}`)).toBe(FORBIDDEN);
    }
  });

  it("sees nothing without the name of a book, and no other book with it", async () => {
    const hidden = [
      "book",
      "account",
      "account_balance",
      "account_day",
      "open_item",
      "txn",
      "entry",
      "block",
    ];
    const count = async (setting: string | null, table: string): Promise<number> => {
      const rows = await ledger.database.sql.begin(async (sql) => {
        if (setting !== null) await sql`select set_config('oi.book_id', ${setting}, true)`;
        return sql.unsafe(`select count(*)::int as count from ledger.${table}`);
      });
      return rows[0]?.count;
    };
    for (const table of hidden) {
      expect([table, await count(null, table)]).toEqual([table, 0]);
      // What a connection is left with after a transaction that had named one.
      expect([table, await count("", table)]).toEqual([table, 0]);
      expect([table, await count("424242", table)]).toEqual([table, 0]);
      expect([table, await count(bookId(live), table)]).not.toEqual([table, 0]);
      await expect(count("all", table)).rejects.toThrow(/bigint/);
    }
    expect(await count(bookId(live), "book")).toBe(1);
    expect(await count(bookId(live), "txn")).toBe(2);
  });

  it("decides an adjustment once, of its own book, and never the maker", async () => {
    const insert = (book: string): string => `
      select set_config('oi.book_id', '${bookId(live)}', true);
      insert into ledger.adjustment (book_id, idem_key, content, content_hash, maker)
      values (${book}, 'k', '{}', sha256('x'), 'maker')`;
    expect(await attempt("app", insert(bookId(test)))).toBe(FORBIDDEN);
    expect(await attempt("app", insert(bookId(live)))).toBe("done");
    const decide = (changes: string): string => `
      select set_config('oi.book_id', '${bookId(live)}', true);
      update ledger.adjustment set ${changes}`;
    const approve = (who: string): string =>
      decide(`status = 'APPROVED', decided_at = now(), checker = '${who}'`);
    expect(await attempt("app", approve("maker"))).toBe("23514");
    expect(await attempt("app", decide("content = '{\"a\":1}'"))).toBe(FORBIDDEN);
    expect(await attempt("app", decide("status = 'APPROVED', decided_at = now()"))).toBe("23514");
    expect(await attempt("app", approve("checker"))).toBe("done");
    expect(await attempt("app", approve("another"))).toBe(FORBIDDEN);
    expect(await attempt("owner", "update ledger.adjustment set maker = 'x'")).toBe(FORBIDDEN);
    expect(await attempt("owner", "delete from ledger.adjustment where book_id > 0")).toBe(FORBIDDEN);
  });

  it("cannot change the schema", async () => {
    expect(await attempt("app", "drop trigger checked on ledger.entry")).toBe(FORBIDDEN);
    expect(await attempt("app", "create table ledger.other (id int)")).toBe(FORBIDDEN);
  });
});

describe("the owner and the superuser", () => {
  const liveId = bookId(live);
  const testId = bookId(test);

  it.each(["owner", "admin"] as const)("change no posted row (%s)", async (who) => {
    for (const id of [liveId, testId]) {
      expect(await attempt(who, `update ledger.txn set actor = 'x' where book_id = ${id}`)).toBe(FORBIDDEN);
      expect(await attempt(who, `update ledger.entry set amount = -amount where book_id = ${id}`)).toBe(
        FORBIDDEN,
      );
    }
    expect(await attempt(who, `delete from ledger.txn where book_id = ${liveId}`)).toBe(FORBIDDEN);
    expect(await attempt(who, `delete from ledger.entry_live where book_id = ${liveId}`)).toBe(FORBIDDEN);
  });

  it("truncate nothing that is live", async () => {
    const kept = [
      "txn",
      "entry",
      "block",
      "txn_live",
      "entry_live",
      "block_live",
      "account",
      "book",
      "rejection",
    ];
    for (const table of [...kept, "adjustment"]) {
      expect(await attempt("admin", `truncate ledger.${table} cascade`)).toBe(FORBIDDEN);
    }
  });

  it("may clear TEST, and LIVE stays", async () => {
    expect(await attempt("app", "select ledger.wipe_test()")).toBe(FORBIDDEN);
    expect(await attempt("owner", "select ledger.wipe_test()")).toBe("done");
    const [row] = await ledger.as("owner").sql`
      select (select count(*)::int from ledger.entry) as entries, (select count(*)::int from ledger.book) as books,
        (select count(*)::int from ledger.account where book_id < 0) as test_accounts`;
    expect(row).toEqual({ entries: 8, books: 1, test_accounts: 0 });
  });

  it("keep an account's name and nature; it may be closed", async () => {
    expect(await attempt("owner", "update ledger.account set path = path || 'X'")).toBe(FORBIDDEN);
    expect(await attempt("owner", "update ledger.account set clearing = not clearing")).toBe(FORBIDDEN);
    expect(await attempt("owner", "update ledger.account set status = 'CLOSED'")).toBe("done");
    expect(await attempt("owner", "update ledger.account set status = 'OPEN'")).toBe("done");
  });
});

describe("an insert of the owner", () => {
  type Made = { amount: number; account: string; ref: string; leg: number; currency?: string; seq?: number };

  /** One statement of entries for sequences that no transaction has. */
  const insert = (table: string, entries: readonly Made[], book = bookId(live)): Promise<string> =>
    attempt(
      "owner",
      `insert into ledger.${table}
         (book_id, seq, leg, account_id, amount, balance_after, debits_after, account_version, ref)
       select v.book, v.seq, v.leg, a.id, v.amount, 0, 0, 1000 + 10 * v.seq + v.leg, v.ref
       from (values ${entries
         .map(
           (e) =>
             `(${book}::bigint, ${e.seq ?? 99}, ${e.leg}, '${e.account}', '${e.currency ?? "BDT"}', ${e.amount}::bigint, ${e.ref})`,
         )
         .join(", ")}) as v (book, seq, leg, path, currency, amount, ref)
       left join ledger.account a on a.book_id = ${bookId(live)} and a.path = v.path and a.currency = v.currency`,
    );
  const debit: Made = {
    amount: 5,
    account: "Assets:Gateway:Sslcommerz:Receivable",
    ref: "'payment:9'",
    leg: 1,
  };
  const credit: Made = { amount: -5, account: "Liabilities:Merchant:Payable", ref: "null::text", leg: 2 };
  const UNBALANCED = "23514";

  it.each(["entry", "entry_live"])("into %s must balance", async (table) => {
    expect(await insert(table, [debit, { ...credit, amount: -4 }])).toBe(UNBALANCED);
    expect(await insert(table, [debit])).toBe(UNBALANCED);
    expect(await insert(table, [{ ...debit, amount: 0 }, credit])).toBe(UNBALANCED);
  });

  it("must balance in each transaction, whatever the others have", async () => {
    const other = [
      { ...debit, seq: 98 },
      { ...credit, seq: 98, amount: -6 },
    ];
    expect(await insert("entry", [{ ...debit, amount: 6 }, credit, ...other])).toBe(UNBALANCED);
    // The legs of one do not count for another.
    expect(await insert("entry", [debit, { ...credit, seq: 98 }])).toBe(UNBALANCED);
  });

  it("must balance in each currency", async () => {
    for (const { account, ref } of [debit, credit])
      await ledger.as("owner").sql`
        insert into ledger.account (book_id, path, currency, clearing)
        values (${bookId(live)}, ${account}, 'USD', ${ref !== credit.ref})`;
    const dollars = (made: Made): Made => ({ ...made, currency: "USD" });
    expect(await insert("entry", [debit, dollars(credit)])).toBe(UNBALANCED);
    const crossed = [
      { ...debit, amount: 4 },
      credit,
      { ...dollars(debit), leg: 3 },
      { ...dollars(credit), amount: -4, leg: 4 },
    ];
    expect(await insert("entry", crossed)).toBe(UNBALANCED);
    const right = [debit, credit, dollars({ ...debit, leg: 3 }), dollars({ ...credit, leg: 4 })];
    expect(
      await insert(
        "entry",
        right.map((made) => ({ ...made, seq: 97 })),
      ),
    ).toBe("done");
  });

  it("must have legs 1 to n, once each statement", async () => {
    expect(await insert("entry", [debit, { ...credit, leg: 3 }])).toBe(UNBALANCED);
    expect(
      await insert("entry", [
        { ...debit, leg: 2 },
        { ...credit, leg: 3 },
      ]),
    ).toBe(UNBALANCED);
  });

  it("must name an open item on clearing accounts and only there", async () => {
    expect(await insert("entry", [{ ...debit, ref: "null::text" }, credit])).toBe(UNBALANCED);
    expect(await insert("entry", [debit, { ...credit, ref: "'payment:9'" }])).toBe(UNBALANCED);
  });

  it("must stay in the accounts of its own book", async () => {
    expect(await insert("entry", [debit, credit], "424242")).toBe(UNBALANCED);
  });

  it("passes when it is right, so the refusals above mean something", async () => {
    expect(await insert("entry", [debit, credit])).toBe("done");
  });
});

it("keeps one transaction per event and one per key, whoever inserts", async () => {
  const copy = (changes: string): string => `
    insert into ledger.txn select (jsonb_populate_record(t, ${changes})).* from ledger.txn t
    where t.book_id = ${bookId(live)} and t.seq = 1`;
  expect(await attempt("owner", copy(`'{"seq": 50, "event_id": null}'`))).toBe("23505");
  expect(await attempt("owner", copy(`'{"seq": 50, "idem_key": "other"}'`))).toBe("23505");
});
