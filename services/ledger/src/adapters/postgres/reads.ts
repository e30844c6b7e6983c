import type { Scope } from "@oi/kernel/scope";
import type { Database } from "@oi/platform/postgres/client";
import type { AccountKey, AsOf, LedgerReads } from "../../application/ports.ts";
import type { Account } from "../../domain/account.ts";
import { bookId } from "./book-id.ts";
import { type AccountRow, exactNumber, type TransactionRow, toAccount, toTransaction } from "./rows.ts";

/** The book's row comes once per account, and once with nulls when no account fits. */
type BookRow = { readonly last_seq: string } & (AccountRow | { readonly path: null });

/** Each read is one statement, and so one snapshot: the figures and their `asOfSeq` belong together. */
export function postgresLedgerReads(database: Database): LedgerReads {
  return {
    account: async (scope, key) => {
      const found = toAccounts(await selectAccount(database, scope, key));
      return found && { account: found.accounts[0] ?? null, asOfSeq: found.asOfSeq };
    },
    accounts: async (scope, page) => toAccounts(await selectAccounts(database, scope, page)),
    allAccounts: async (scope) =>
      toAccounts(await selectAccounts(database, scope, { pathPrefix: "", after: null, limit: null })),
    transactions: async (scope, page) => (await selectTransactions(database, scope, page)).map(toTransaction),
  };
}

function toAccounts(rows: readonly BookRow[]): AsOf<{ readonly accounts: readonly Account[] }> | null {
  const [first] = rows;
  if (!first) return null;
  const accounts = rows.flatMap((row) => (row.path === null ? [] : [toAccount(row)]));
  return { accounts, asOfSeq: exactNumber(first.last_seq) };
}

function selectAccount(database: Database, scope: Scope, key: AccountKey): Promise<BookRow[]> {
  return database.run(
    (sql) => sql<BookRow[]>`
      select b.last_seq::text, a.path, a.currency, a.clearing, s.debits::text, s.credits::text, s.version::text
      from ledger.book b
      left join ledger.account a on a.book_id = b.id and a.path = ${key.path} and a.currency = ${key.currency}
      left join ledger.account_balance s on s.account_id = a.id
      where b.id = ${bookId(scope)}`,
  );
}

function selectAccounts(
  database: Database,
  scope: Scope,
  page: { readonly pathPrefix: string; readonly after: AccountKey | null; readonly limit: number | null },
): Promise<BookRow[]> {
  const { pathPrefix, after, limit } = page;
  return database.run(
    (sql) => sql<BookRow[]>`
      select b.last_seq::text, a.path, a.currency, a.clearing, a.debits::text, a.credits::text, a.version::text
      from ledger.book b
      left join lateral (
        select a.path, a.currency, a.clearing, s.debits, s.credits, s.version
        from ledger.account a join ledger.account_balance s on s.account_id = a.id
        where a.book_id = b.id and starts_with(a.path, ${pathPrefix})
          and (a.path, a.currency) > (${after?.path ?? ""}, ${after?.currency ?? ""})
        order by a.path, a.currency limit ${limit}) a on true
      where b.id = ${bookId(scope)}
      order by a.path, a.currency`,
  );
}

function selectTransactions(
  database: Database,
  scope: Scope,
  page: { readonly reference: string; readonly afterSeq: number; readonly limit: number },
): Promise<TransactionRow[]> {
  return database.run(
    (sql) => sql<TransactionRow[]>`
      select t.seq::text, t.kind, t.rule, t.business_date::text, t.idem_key, t.reference, t.event_id::text, t.actor,
        t.details, floor(extract(epoch from t.occurred_at) * 1000)::bigint::text as occurred_ms,
        floor(extract(epoch from t.recorded_at) * 1000)::bigint::text as recorded_ms, e.entries
      from ledger.txn t
      cross join lateral (
        select json_agg(json_build_object('leg', e.leg, 'path', a.path, 'currency', a.currency,
          'amount', e.amount::text, 'balance_after', e.balance_after::text,
          'account_version', e.account_version::text, 'ref', e.ref) order by e.leg) as entries
        from ledger.entry e join ledger.account a on a.id = e.account_id
        where e.book_id = t.book_id and e.seq = t.seq) e
      where t.book_id = ${bookId(scope)} and t.reference = ${page.reference} and t.seq > ${page.afterSeq}
      order by t.seq limit ${page.limit}`,
  );
}
