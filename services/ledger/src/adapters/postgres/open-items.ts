import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { LedgerReads, OpenItemsPage } from "../../application/ports.ts";
import type { OpenItem } from "../../domain/open-item.ts";
import { bookId } from "./book-id.ts";
import { readInBook } from "./in-book.ts";
import { exactNumber } from "./rows.ts";

type ItemRow = {
  readonly last_seq: string;
  readonly path: string | null;
  readonly currency: string;
  readonly ref: string;
  readonly amount: string;
  readonly opened_ms: string;
  readonly opened_seq: string;
  readonly touched_seq: string;
  readonly age_seconds: string;
};

/** The book's row comes once per item, and once with nulls when none fits. */
export async function openItemsOf(
  database: Database,
  scope: Scope,
  page: OpenItemsPage,
): ReturnType<LedgerReads["openItems"]> {
  const rows = await readInBook(database, scope, (sql) => selectItems(sql, scope, page));
  const [first] = rows;
  if (!first) return null;
  const items = rows.flatMap((row) => (row.path === null ? [] : [toItem(row, row.path)]));
  return { asOfSeq: exactNumber(first.last_seq), items };
}

function selectItems(sql: Sql, scope: Scope, page: OpenItemsPage): Promise<ItemRow[]> {
  const { after } = page;
  return sql<ItemRow[]>`
    select b.last_seq::text, i.path, i.currency, i.ref, i.amount::text, i.opened_seq::text, i.last_seq::text as touched_seq,
      floor(extract(epoch from i.opened_at) * 1000)::bigint::text as opened_ms, i.age_seconds::text
    from ledger.book b
    left join lateral (
      select a.path, a.currency, o.ref, o.amount, o.opened_seq, o.opened_at, o.last_seq,
        greatest(0, floor(extract(epoch from clock_timestamp() - o.opened_at)))::bigint as age_seconds
      from ledger.open_item o join ledger.account a on a.id = o.account_id
      where o.book_id = b.id and o.amount <> 0 and starts_with(a.path, ${page.pathPrefix})
        and (${page.currency}::text is null or a.currency = ${page.currency})
        and (${page.ref}::text is null or o.ref = ${page.ref})
        and o.opened_at <= clock_timestamp() - ${page.minAgeSeconds}::bigint * interval '1 second'
        and (not ${page.wrongSignOnly}::boolean
          or (a.path like 'Assets:%' and (o.amount < 0) <> starts_with(o.ref, 'refund:'))
          or (a.path like 'Liabilities:%' and a.path not like 'Liabilities:Suspense:%' and o.amount > 0))
        and (a.path, a.currency, o.opened_seq, o.ref) >
          (${after?.path ?? ""}, ${after?.currency ?? ""}, ${after?.openedSeq ?? 0}::bigint, ${after?.ref ?? ""})
      order by a.path, a.currency, o.opened_seq, o.ref limit ${page.limit}) i on true
    where b.id = ${bookId(scope)}
    order by i.path, i.currency, i.opened_seq, i.ref`;
}

function toItem(row: ItemRow, path: string): OpenItem {
  return {
    path,
    currency: row.currency,
    ref: row.ref,
    amountMinor: BigInt(row.amount),
    openedAt: exactNumber(row.opened_ms),
    openedSeq: exactNumber(row.opened_seq),
    lastSeq: exactNumber(row.touched_seq),
    ageSeconds: exactNumber(row.age_seconds),
  };
}
