import { DomainError } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { translateDatabaseError } from "@oi/platform/postgres/errors";
import type { BookSnapshot, BookSnapshots } from "../../application/ports.ts";
import type { Transaction } from "../../domain/transaction.ts";
import { bookId } from "./book-id.ts";
import { selectHead, toHead } from "./book-rows.ts";
import { selectFirstDrift } from "./drift.ts";
import { nameBook } from "./in-book.ts";
import { provedAccounts, provedAdjustments, provedBlocks, provedTransaction } from "./proof-rows.ts";
import { type AccountRow, type TransactionRow, toAccount, toTransaction } from "./rows.ts";
import { type BlockRow, toBlock, transactionColumns } from "./transactions.ts";

const PAGE = 500;
/** A reader may be slow, and a check of all rows takes longer than a request. */
const HELD_MS = 300_000;

/**
 * Snapshots on connections of their own, at most `most` at a time. Each is one transaction, so everything that is read of
 * a book while postings go on belongs together.
 */
export function postgresSnapshots(database: Database, most: number): BookSnapshots {
  let held = 0;
  const open = async (scope: Scope): Promise<BookSnapshot | null> => {
    const session = await database.sql.reserve();
    const close = async (): Promise<void> => {
      held -= 1;
      await session`rollback`.catch(() => undefined);
      session.release();
    };
    try {
      await session`begin isolation level repeatable read read only`;
      await nameBook(session, scope);
      await session`select set_config('statement_timeout', ${String(HELD_MS)}, true),
        set_config('idle_in_transaction_session_timeout', ${String(HELD_MS)}, true)`;
      const [row] = await selectHead(session, scope);
      if (row) return { ...reading(session, scope), head: toHead(row), [Symbol.asyncDispose]: close };
      await close();
      return null;
    } catch (error) {
      await close();
      throw translateDatabaseError(error);
    }
  };
  return {
    open: (scope) => {
      if (held >= most) {
        const busy = { retryAfterSeconds: 5, metadata: { cause: "LEDGER_BUSY" } };
        return Promise.reject(new DomainError("SERVICE_UNAVAILABLE", "Other books are being read.", busy));
      }
      held += 1;
      return open(scope);
    },
  };
}

function reading(sql: Sql, scope: Scope): Omit<BookSnapshot, "head" | typeof Symbol.asyncDispose> {
  return {
    blocks: () => provedBlocks(sql, scope),
    provedTransaction: (seq) => provedTransaction(sql, scope, seq),
    accounts: () => provedAccounts(sql, scope),
    adjustments: () => provedAdjustments(sql, scope),
    firstDrift: () => selectFirstDrift(sql, scope),
    transactions: (range) => allTransactions(sql, scope, range),
    blockOf: async (seq) => {
      const [row] = await sql<BlockRow[]>`
        select k.block_no::text, k.from_seq::text, k.to_seq::text, k.leaf_count, k.root, k.prev, k.hash,
          (extract(epoch from k.recorded_at) * 1000000)::bigint::text as recorded_us
        from ledger.block k where k.book_id = ${bookId(scope)} and k.to_seq >= ${seq} and k.from_seq <= ${seq}
        order by k.to_seq, k.block_no limit 1`;
      return row ? toBlock(row) : null;
    },
    accountsAsOf: async (seq) => {
      const rows = await sql<AccountRow[]>`
        select a.path, a.currency, a.clearing, a.status, s.debits::text, (s.debits - s.balance)::text as credits,
          s.version::text
        from ledger.account a cross join lateral ledger.account_as_of(a.book_id, a.id, ${seq}) s
        where a.book_id = ${bookId(scope)} order by a.path, a.currency`;
      return rows.map(toAccount);
    },
  };
}

async function* allTransactions(
  sql: Sql,
  scope: Scope,
  { fromSeq, toSeq }: { readonly fromSeq: number; readonly toSeq: number },
): AsyncIterable<Transaction> {
  for (let next = fromSeq; next <= toSeq; next += PAGE) {
    const rows = await sql<TransactionRow[]>`
      select ${transactionColumns(sql)} from ledger.txn t
      where t.book_id = ${bookId(scope)} and t.seq between ${next} and ${Math.min(next + PAGE - 1, toSeq)}
      order by t.seq`;
    yield* rows.map(toTransaction);
  }
}
