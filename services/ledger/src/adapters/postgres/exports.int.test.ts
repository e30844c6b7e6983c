import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportBook } from "../../application/export-book.ts";
import { balanceOf } from "../../domain/account.ts";
import { decimal } from "../../domain/export-lines.ts";
import { runChecker } from "../../testing/checkers.ts";
import { exported } from "../../testing/drain.ts";
import { captured, draft, freshScope, unique } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { tellStory } from "../../testing/story.ts";
import { postgresSnapshots } from "./snapshots.ts";

// Real: PostgreSQL and the exports. Judges: hledger and beancount, two programs that know nothing of this one.
let ledger: PostgresLedger;
const scope = freshScope();
const text = (format: "CSV" | "HLEDGER" | "BEANCOUNT", range?: { fromSeq: number; toSeq: number }) =>
  exported(exportBook({ snapshots: postgresSnapshots(ledger.database, 2) }), scope, format, range);

beforeAll(async () => {
  ledger = await postgresLedger();
  await tellStory(ledger.ports, scope);
});
afterAll(() => ledger[Symbol.asyncDispose]());

const ourBalances = async (): Promise<readonly string[]> => {
  const found = await ledger.ports.reads.allAccounts(scope);
  return (found?.accounts ?? [])
    .filter((account) => balanceOf(account) !== 0n)
    .map((account) => `${account.path} ${decimal(balanceOf(account), account.currency)} ${account.currency}`)
    .sort();
};

const strictly = (file: string) => ["-f", file, "check", "--strict", "ordereddates"];

/** The same journal with one amount off by the smallest unit. */
function spoiled(journal: string): string {
  const changed = journal.replace("600.00 BDT", "600.01 BDT");
  expect(changed).not.toBe(journal);
  return changed;
}

describe("hledger", () => {
  it("accepts the journal with every asserted balance", async () => {
    expect(await runChecker("hledger", strictly, await text("HLEDGER"))).toEqual({ ok: true, output: "" });
  });

  it("comes to our balances", async () => {
    const args = (file: string) => ["-f", file, "bal", "--flat", "-N", "-O", "csv", "--layout=bare"];
    const { output } = await runChecker("hledger", args, await text("HLEDGER"));
    const rows = output
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => row.replaceAll('"', "").split(","));
    const theirs = rows.map(([path, currency, amount]) => `${path} ${amount} ${currency}`).sort();
    expect(theirs).toEqual(await ourBalances());
    expect(theirs.length).toBeGreaterThan(10);
  });

  it("accepts a part of the book, which begins with an opening transaction", async () => {
    const part = await text("HLEDGER", { fromSeq: 6, toSeq: 12 });
    expect(part).toContain("OPENING");
    expect(await runChecker("hledger", strictly, part)).toEqual({ ok: true, output: "" });
  });

  it("refuses an error of one unit", async () => {
    expect((await runChecker("hledger", strictly, spoiled(await text("HLEDGER")))).ok).toBe(false);
  });
});

describe("beancount", () => {
  it("accepts the journal with every asserted balance", async () => {
    const journal = await text("BEANCOUNT");
    expect(journal).toMatch(/balance Assets:Gateway:Sslcommerz:Receivable {2}[\d.]+ ~ 0 BDT/);
    expect(await runChecker("bean-check", (file) => [file], journal)).toEqual({ ok: true, output: "" });
  });

  it("comes to our balances", async () => {
    const query = "select account, sum(number) as total, currency group by account, currency";
    const { output } = await runChecker(
      "bean-query",
      (file) => ["-f", "csv", file, query],
      await text("BEANCOUNT"),
    );
    const rows = output
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => row.split(",").map((field) => field.trim()));
    const theirs = rows
      .filter(([, total]) => Number(total) !== 0)
      .map(([path, total, currency]) => `${path} ${total} ${currency}`)
      .sort();
    expect(theirs).toEqual(await ourBalances());
  });

  it("accepts a part of the book, which begins with an opening transaction", async () => {
    const part = await text("BEANCOUNT", { fromSeq: 6, toSeq: 12 });
    expect(part).toContain("OPENING");
    expect(await runChecker("bean-check", (file) => [file], part)).toEqual({ ok: true, output: "" });
  });

  it("refuses an error of one unit, also in an asserted balance alone", async () => {
    const journal = await text("BEANCOUNT");
    expect((await runChecker("bean-check", (file) => [file], spoiled(journal))).ok).toBe(false);
    const off = journal.replace(/(balance \S+ {2}-?\d+\.\d)(\d)( ~ 0)/, (_, head, digit, tail) => {
      return `${head}${(Number(digit) + 1) % 10}${tail}`;
    });
    expect(off).not.toBe(journal);
    expect((await runChecker("bean-check", (file) => [file], off)).ok).toBe(false);
  });
});

describe("CSV", () => {
  it("has one row per entry, with what was posted and nothing to guess", async () => {
    const lines = (await text("CSV")).trimEnd().split("\n");
    expect(lines[0]).toBe(
      "seq,leg,recorded_at,business_date,kind,reference,path,currency,debit,credit,balance_after,ref,idem_key,leaf",
    );
    const [row] = await ledger.as("owner").sql<{ entries: number }[]>`
      select count(*)::int as entries from ledger.entry`;
    const rows = lines.filter((line) => /^\d/.test(line));
    expect(rows).toHaveLength(row?.entries ?? 0);
    expect(rows[0]).toMatch(
      /^1,1,[^,]+Z,2026-01-05,CAPTURE,payment:1,Assets:Gateway:Sslcommerz:Receivable,BDT,600.00,,600.00,payment:1,/,
    );
    expect(lines.at(-1)).toMatch(/^# block \d+ hash [0-9a-f]{64}$/);
  });
});

it("gives the same bytes for the same range, also after the book went on", async () => {
  for (const format of ["CSV", "HLEDGER", "BEANCOUNT"] as const) {
    const range = { fromSeq: 3, toSeq: 9 };
    const before = await text(format, range);
    await ledger.ports.postings.post(scope, [draft(captured({ scope, paymentId: unique() }))]);
    expect(await text(format, range)).toBe(before);
  }
});
