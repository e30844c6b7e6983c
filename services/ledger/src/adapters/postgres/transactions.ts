import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { FoundTransaction, LedgerReads, Rejection, TransactionName } from "../../application/ports.ts";
import type { Block } from "../../domain/block.ts";
import type { Transaction } from "../../domain/transaction.ts";
import { bookId } from "./book-id.ts";
import { readInBook } from "./in-book.ts";
import { exactNumber, type TransactionRow, toTransaction } from "./rows.ts";

/** A transaction with its legs, for queries whose `t` is the transaction. */
export function transactionColumns(sql: Sql) {
  return sql`
    t.seq::text, t.block_no::text, t.kind, t.rule, t.business_date::text, t.idem_key, t.reference, t.event_id::text,
    t.actor, t.approver, t.reverses_seq::text, t.details, encode(t.leaf, 'hex') as leaf,
    floor(extract(epoch from t.occurred_at) * 1000)::bigint::text as occurred_ms,
    floor(extract(epoch from t.recorded_at) * 1000)::bigint::text as recorded_ms,
    (select json_agg(json_build_object('leg', e.leg, 'path', a.path, 'currency', a.currency,
       'amount', e.amount::text, 'balance_after', e.balance_after::text,
       'account_version', e.account_version::text, 'ref', e.ref) order by e.leg)
     from ledger.entry e join ledger.account a on a.id = e.account_id
     where e.book_id = t.book_id and e.seq = t.seq) as entries`;
}

export async function transactionsOf(
  database: Database,
  scope: Scope,
  page: Parameters<LedgerReads["transactions"]>[1],
): Promise<readonly Transaction[]> {
  const rows = await readInBook(database, scope, (sql) => selectTransactions(sql, scope, page));
  return rows.map(toTransaction);
}

function selectTransactions(
  sql: Sql,
  scope: Scope,
  page: Parameters<LedgerReads["transactions"]>[1],
): Promise<TransactionRow[]> {
  const { reference, ref, afterSeq, limit } = page;
  const book = bookId(scope);
  const fits =
    ref !== null
      ? sql`and t.seq = any (array(select distinct e.seq from ledger.entry e
          where e.book_id = ${book} and e.ref = ${ref} and e.seq > ${afterSeq} order by e.seq limit ${limit}))`
      : reference !== null
        ? sql`and t.reference = ${reference}`
        : sql``;
  return sql<TransactionRow[]>`
    select ${transactionColumns(sql)} from ledger.txn t
    where t.book_id = ${book} and t.seq > ${afterSeq} ${fits}
    order by t.seq limit ${limit}`;
}

type RejectionRow = {
  readonly idem_key: string;
  readonly code: Rejection["code"];
  readonly block_no: string;
  readonly recorded_ms: string;
};

/** A key is never both posted and refused. */
export async function transactionOf(
  database: Database,
  scope: Scope,
  name: TransactionName,
): Promise<FoundTransaction | null> {
  const [posted, refused] = await readInBook(database, scope, (sql) =>
    Promise.all([selectTransaction(sql, scope, name), selectRejection(sql, scope, name)]),
  );
  const [row] = posted;
  if (row) {
    const reversedBy = row.reversed_by === null ? null : exactNumber(row.reversed_by);
    return { transaction: toTransaction(row), reversedBy };
  }
  const [rejection] = refused;
  return rejection ? { rejection: toRejection(rejection) } : null;
}

function selectTransaction(
  sql: Sql,
  scope: Scope,
  name: TransactionName,
): Promise<(TransactionRow & { readonly reversed_by: string | null })[]> {
  const fits =
    name.by === "SEQ"
      ? sql`t.seq = ${name.seq}`
      : name.by === "EVENT"
        ? sql`t.event_id = ${name.uuid}::uuid`
        : sql`t.idem_key = ${name.key}`;
  return sql<(TransactionRow & { readonly reversed_by: string | null })[]>`
    select ${transactionColumns(sql)},
      (select r.seq::text from ledger.txn r where r.book_id = t.book_id and r.reverses_seq = t.seq) as reversed_by
    from ledger.txn t where t.book_id = ${bookId(scope)} and ${fits}`;
}

async function selectRejection(sql: Sql, scope: Scope, name: TransactionName): Promise<RejectionRow[]> {
  if (name.by !== "KEY") return [];
  return sql<RejectionRow[]>`
    select idem_key, code, block_no::text, floor(extract(epoch from recorded_at) * 1000)::bigint::text as recorded_ms
    from ledger.rejection where book_id = ${bookId(scope)} and idem_key = ${name.key}`;
}

function toRejection(row: RejectionRow): Rejection {
  return {
    key: row.idem_key,
    code: row.code,
    blockNo: exactNumber(row.block_no),
    recordedAt: exactNumber(row.recorded_ms),
  };
}

export type BlockRow = {
  readonly block_no: string;
  readonly from_seq: string;
  readonly to_seq: string;
  readonly leaf_count: number;
  readonly recorded_us: string;
  readonly root: Buffer;
  readonly prev: Buffer;
  readonly hash: Buffer;
};

export function selectBlocks(
  sql: Sql,
  scope: Scope,
  page: { readonly fromBlock: number; readonly limit: number },
): Promise<BlockRow[]> {
  return sql<BlockRow[]>`
    select k.block_no::text, k.from_seq::text, k.to_seq::text, k.leaf_count, k.root, k.prev, k.hash,
      (extract(epoch from k.recorded_at) * 1000000)::bigint::text as recorded_us
    from ledger.block k where k.book_id = ${bookId(scope)} and k.block_no >= ${page.fromBlock}
    order by k.block_no limit ${page.limit}`;
}

export async function blocksOf(
  database: Database,
  scope: Scope,
  page: { readonly fromBlock: number; readonly limit: number },
): Promise<readonly Block[]> {
  return (await readInBook(database, scope, (sql) => selectBlocks(sql, scope, page))).map(toBlock);
}

export function toBlock(row: BlockRow): Block {
  const recordedUs = BigInt(row.recorded_us);
  return {
    blockNo: exactNumber(row.block_no),
    fromSeq: exactNumber(row.from_seq),
    toSeq: exactNumber(row.to_seq),
    leafCount: row.leaf_count,
    recordedAt: Number(recordedUs / 1_000n),
    recordedUs,
    root: new Uint8Array(row.root),
    prev: new Uint8Array(row.prev),
    hash: new Uint8Array(row.hash),
  };
}
