import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { type AccountKey, type AsOf, type LedgerReads, type Moment, NOW } from "../../application/ports.ts";
import type { Account } from "../../domain/account.ts";
import { bookId } from "./book-id.ts";
import { selectBooks, selectHead, toHead } from "./book-rows.ts";
import { readInBook } from "./in-book.ts";
import { openItemsOf } from "./open-items.ts";
import { type AccountRow, exactNumber, toAccount } from "./rows.ts";
import { statementOf } from "./statements.ts";
import { blocksOf, transactionOf, transactionsOf } from "./transactions.ts";

/** The book's row comes once per account, and once with nulls when no account fits. */
type BookRow = { readonly last_seq: string } & (AccountRow | { readonly path: null });

/** Each read is one snapshot of one book: the figures and their `asOfSeq` belong together. */
export function postgresLedgerReads(database: Database): LedgerReads {
  return {
    book: async (scope) => {
      const [row] = await readInBook(database, scope, (sql) => selectHead(sql, scope));
      return row ? toHead(row) : null;
    },
    books: async (page) => (await selectBooks(database, page)).map(toHead),
    account: async (scope, key, moment = NOW) => {
      const found = toAccounts(await selectAsOf(database, scope, moment, key));
      return found && { account: found.accounts[0] ?? null, asOfSeq: found.asOfSeq };
    },
    accounts: async (scope, page) =>
      toAccounts(await readInBook(database, scope, (sql) => selectAccounts(sql, scope, page))),
    allAccounts: async (scope, moment = NOW) => toAccounts(await selectAsOf(database, scope, moment, null)),
    statement: (scope, key, page) => statementOf(database, scope, key, page),
    transaction: (scope, name) => transactionOf(database, scope, name),
    transactions: (scope, page) => transactionsOf(database, scope, page),
    openItems: (scope, page) => openItemsOf(database, scope, page),
    blocks: (scope, page) => blocksOf(database, scope, page),
  };
}

function toAccounts(rows: readonly BookRow[]): AsOf<{ readonly accounts: readonly Account[] }> | null {
  const [first] = rows;
  if (!first) return null;
  const accounts = rows.flatMap((row) => (row.path === null ? [] : [toAccount(row)]));
  return { accounts, asOfSeq: exactNumber(first.last_seq) };
}

function selectAccounts(
  sql: Sql,
  scope: Scope,
  page: { readonly pathPrefix: string; readonly after: AccountKey | null; readonly limit: number | null },
): Promise<BookRow[]> {
  const { pathPrefix, after, limit } = page;
  return sql<BookRow[]>`
    select b.last_seq::text, a.path, a.currency, a.clearing, a.status, a.debits::text, a.credits::text, a.version::text
    from ledger.book b
    left join lateral (
      select a.path, a.currency, a.clearing, a.status, s.debits, s.credits, s.version
      from ledger.account a join ledger.account_balance s on s.account_id = a.id
      where a.book_id = b.id and starts_with(a.path, ${pathPrefix})
        and (a.path, a.currency) > (${after?.path ?? ""}, ${after?.currency ?? ""})
      order by a.path, a.currency limit ${limit}) a on true
    where b.id = ${bookId(scope)}
    order by a.path, a.currency`;
}

/** One account, or all of them when there is no key. */
function selectAsOf(
  database: Database,
  scope: Scope,
  moment: Moment,
  key: AccountKey | null,
): Promise<BookRow[]> {
  return readInBook(database, scope, (sql) => {
    switch (moment.at) {
      case "NOW":
        return selectNow(sql, scope, key);
      case "BUSINESS_DATE":
        return selectAtDay(sql, scope, key, moment.date);
      default:
        return selectAtSeq(sql, scope, key, moment);
    }
  });
}

function selectNow(sql: Sql, scope: Scope, key: AccountKey | null): Promise<BookRow[]> {
  return sql<BookRow[]>`
    select b.last_seq::text, a.path, a.currency, a.clearing, a.status, s.debits::text, s.credits::text, s.version::text
    from ledger.book b
    left join ledger.account a on a.book_id = b.id ${onlyKey(sql, key)}
    left join ledger.account_balance s on s.account_id = a.id
    where b.id = ${bookId(scope)}
    order by a.path, a.currency`;
}

function onlyKey(sql: Sql, key: AccountKey | null) {
  return key ? sql`and a.path = ${key.path} and a.currency = ${key.currency}` : sql``;
}

function selectAtDay(sql: Sql, scope: Scope, key: AccountKey | null, date: string): Promise<BookRow[]> {
  return sql<BookRow[]>`
    select b.last_seq::text, a.path, a.currency, a.clearing, a.status, d.debits::text, d.credits::text, s.version::text
    from ledger.book b
    left join ledger.account a on a.book_id = b.id ${onlyKey(sql, key)}
    left join ledger.account_balance s on s.account_id = a.id
    left join lateral (
      select coalesce(sum(d.debits), 0)::bigint as debits, coalesce(sum(d.credits), 0)::bigint as credits
      from ledger.account_day d where d.account_id = a.id and d.day <= ${date}::text::date) d on true
    where b.id = ${bookId(scope)}
    order by a.path, a.currency`;
}

/** A time is the last block up to it, and so its last sequence. */
function selectAtSeq(
  sql: Sql,
  scope: Scope,
  key: AccountKey | null,
  moment: Extract<Moment, { readonly at: "SEQ" | "RECORDED" }>,
): Promise<BookRow[]> {
  const seq =
    moment.at === "SEQ"
      ? sql`${moment.seq}::bigint`
      : sql`coalesce((select k.to_seq from ledger.block k where k.book_id = ${bookId(scope)}
          and k.recorded_at <= timestamptz 'epoch' + ${moment.instant}::bigint * interval '1 millisecond'
          order by k.recorded_at desc, k.block_no desc limit 1), 0)`;
  return sql<BookRow[]>`
    select t.seq::text as last_seq, a.path, a.currency, a.clearing, a.status, s.debits::text,
      (s.debits - s.balance)::text as credits, s.version::text
    from ledger.book b
    cross join lateral (select least(${seq}, b.last_seq) as seq) t
    left join ledger.account a on a.book_id = b.id ${onlyKey(sql, key)}
    left join lateral ledger.account_as_of(b.id, a.id, t.seq) s on true
    where b.id = ${bookId(scope)}
    order by a.path, a.currency`;
}
