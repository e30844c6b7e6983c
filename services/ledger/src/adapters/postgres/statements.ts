import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { AccountKey, LedgerReads } from "../../application/ports.ts";
import type { StatementLine } from "../../domain/statement.ts";
import { bookId } from "./book-id.ts";
import { readInBook } from "./in-book.ts";
import { exactNumber } from "./rows.ts";

type Page = Parameters<LedgerReads["statement"]>[2];

type LineRow = {
  readonly last_seq: string;
  readonly opening: string | null;
  readonly seq: string | null;
  readonly leg: number;
  readonly business_date: string;
  readonly recorded_ms: string;
  readonly kind: number;
  readonly reference: string;
  readonly ref: string | null;
  readonly amount: string;
  readonly balance_after: string;
  readonly account_version: string;
};

/** The book's row comes once per entry, and once with nulls when none fits. */
export async function statementOf(
  database: Database,
  scope: Scope,
  key: AccountKey,
  page: Page,
): ReturnType<LedgerReads["statement"]> {
  const rows = await readInBook(database, scope, (sql) => selectLines(sql, scope, key, page));
  const [first] = rows;
  if (!first) return null;
  return {
    asOfSeq: exactNumber(first.last_seq),
    openingBalanceMinor: first.opening === null ? null : BigInt(first.opening),
    lines: rows.flatMap((row) => (row.seq === null ? [] : [toLine(row, row.seq)])),
  };
}

/** Versions of an account are without gaps, so a range of sequences is a range of versions, and a page a part of it. */
function selectLines(sql: Sql, scope: Scope, key: AccountKey, page: Page): Promise<LineRow[]> {
  const { afterVersion, descending } = page;
  const direction = descending ? sql`desc` : sql`asc`;
  const beyond =
    afterVersion === null
      ? sql``
      : descending
        ? sql`and e.account_version < ${afterVersion}`
        : sql`and e.account_version > ${afterVersion}`;
  return sql<LineRow[]>`
    select b.last_seq::text, low.balance::text as opening, e.seq::text, e.leg, e.business_date, e.recorded_ms, e.kind,
      e.reference, e.ref, e.amount::text, e.balance_after::text, e.account_version::text
    from ledger.book b
    left join ledger.account a on a.book_id = b.id and a.path = ${key.path} and a.currency = ${key.currency}
    left join lateral ledger.account_as_of(b.id, a.id, ${page.fromSeq - 1}) low on a.id is not null
    left join lateral ledger.account_as_of(b.id, a.id, ${page.toSeq}) high on a.id is not null
    left join lateral (
      select e.seq, e.leg, t.business_date::text, t.kind, t.reference, e.ref, e.amount, e.balance_after,
        e.account_version, floor(extract(epoch from t.recorded_at) * 1000)::bigint::text as recorded_ms
      from ledger.entry e join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq
      where e.book_id = b.id and e.account_id = a.id
        and e.account_version > low.version and e.account_version <= high.version ${beyond}
      order by e.account_version ${direction} limit ${page.limit}) e on true
    where b.id = ${bookId(scope)}
    order by e.account_version ${direction}`;
}

function toLine(row: LineRow, seq: string): StatementLine {
  return {
    seq: exactNumber(seq),
    leg: row.leg,
    businessDate: row.business_date,
    recordedAt: exactNumber(row.recorded_ms),
    kind: row.kind,
    reference: row.reference,
    ref: row.ref,
    amountMinor: BigInt(row.amount),
    balanceAfterMinor: BigInt(row.balance_after),
    accountVersion: exactNumber(row.account_version),
  };
}
