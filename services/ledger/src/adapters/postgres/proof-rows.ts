import type { Scope } from "@oi/kernel/scope";
import type { Sql } from "@oi/platform/postgres/client";
import type { ProvedAdjustment } from "../../application/ports.ts";
import type { Block } from "../../domain/block.ts";
import type {
  ProvedAccount,
  ProvedBlock,
  ProvedRejection,
  ProvedTransaction,
} from "../../domain/book-proof.ts";
import { bookId } from "./book-id.ts";
import { exactNumber } from "./rows.ts";
import { selectBlocks, toBlock } from "./transactions.ts";

const BLOCKS_AT_ONCE = 500;
const LEAVES_AT_ONCE = 2_000;

type Row = {
  readonly seq: string;
  readonly block_no: string;
  readonly kind: number;
  readonly rule: number;
  readonly business_day: number;
  readonly occurred_us: string;
  readonly recorded_us: string;
  readonly idem_key: string;
  readonly request_hash: Buffer;
  readonly reference: string;
  readonly event_id: Buffer | null;
  readonly reverses_seq: string | null;
  readonly actor: string;
  readonly approver: string | null;
  readonly details: string;
  readonly entry_count: number;
  readonly leaf: Buffer;
  readonly legs: readonly LegRow[] | null;
};

/** Inside JSON, so the amounts come as text there too. */
type LegRow = {
  readonly leg: number;
  readonly account_id: number;
  readonly amount: string;
  readonly balance_after: string;
  readonly debits_after: string;
  readonly account_version: string;
  readonly currency: string | null;
  readonly path: string | null;
  readonly ref: string | null;
};

/** Rows as they are stored, also when the account of a leg is gone. */
function selectTransactions(sql: Sql, scope: Scope, fromSeq: number, toSeq: number): Promise<Row[]> {
  return sql<Row[]>`
    select t.seq::text, t.block_no::text, t.kind, t.rule, t.business_date - date '2000-01-01' as business_day,
      (extract(epoch from t.occurred_at) * 1000000)::bigint::text as occurred_us,
      (extract(epoch from t.recorded_at) * 1000000)::bigint::text as recorded_us,
      t.idem_key, t.request_hash, t.reference, uuid_send(t.event_id) as event_id, t.reverses_seq::text, t.actor,
      t.approver, t.details, t.entry_count, t.leaf,
      (select json_agg(json_build_object('leg', e.leg, 'account_id', e.account_id, 'amount', e.amount::text,
         'balance_after', e.balance_after::text, 'debits_after', e.debits_after::text,
         'account_version', e.account_version::text, 'currency', a.currency, 'path', a.path, 'ref', e.ref) order by e.leg)
       from ledger.entry e left join ledger.account a on a.id = e.account_id
       where e.book_id = t.book_id and e.seq = t.seq) as legs
    from ledger.txn t where t.book_id = ${bookId(scope)} and t.seq between ${fromSeq} and ${toSeq} order by t.seq`;
}

function toProved(row: Row, scope: Scope): ProvedTransaction {
  return {
    bookId: BigInt(bookId(scope)),
    seq: exactNumber(row.seq),
    blockNo: exactNumber(row.block_no),
    kind: row.kind,
    rule: row.rule,
    businessDay: row.business_day,
    occurredUs: BigInt(row.occurred_us),
    recordedUs: BigInt(row.recorded_us),
    key: row.idem_key,
    requestHash: row.request_hash,
    reference: row.reference,
    eventId: row.event_id ?? new Uint8Array(16),
    reversesSeq: row.reverses_seq === null ? 0 : exactNumber(row.reverses_seq),
    actor: row.actor,
    approver: row.approver,
    details: row.details,
    entryCount: row.entry_count,
    leaf: row.leaf,
    legs: (row.legs ?? []).map((leg) => ({
      leg: leg.leg,
      accountId: leg.account_id,
      amountMinor: BigInt(leg.amount),
      balanceAfterMinor: BigInt(leg.balance_after),
      debitsAfterMinor: BigInt(leg.debits_after),
      accountVersion: exactNumber(leg.account_version),
      currency: leg.currency ?? "",
      path: leg.path ?? "",
      ref: leg.ref,
    })),
  };
}

type RejectionRow = {
  readonly block_no: string;
  readonly leaf_index: number;
  readonly idem_key: string;
  readonly request_hash: Buffer;
  readonly code: string;
  readonly recorded_us: string;
  readonly leaf: Buffer;
};

async function rejectionsOf(sql: Sql, scope: Scope, from: number, to: number): Promise<ProvedRejection[]> {
  const rows = await sql<RejectionRow[]>`
    select r.block_no::text, r.leaf_index, r.idem_key, r.request_hash, r.code, r.leaf,
      (extract(epoch from r.recorded_at) * 1000000)::bigint::text as recorded_us
    from ledger.rejection r where r.book_id = ${bookId(scope)} and r.block_no between ${from} and ${to}
    order by r.block_no, r.leaf_index`;
  return rows.map((row) => ({
    blockNo: exactNumber(row.block_no),
    leafIndex: row.leaf_index,
    key: row.idem_key,
    requestHash: row.request_hash,
    code: row.code,
    recordedUs: BigInt(row.recorded_us),
    leaf: row.leaf,
  }));
}

/** As many blocks at a time as make a page of leaves; at least one. */
function pageOf(blocks: readonly Block[]): readonly Block[] {
  let leaves = 0;
  const end = blocks.findIndex(({ leafCount }, i) => {
    leaves += leafCount;
    return i > 0 && leaves > LEAVES_AT_ONCE;
  });
  return end < 0 ? blocks : blocks.slice(0, end);
}

export async function* provedBlocks(sql: Sql, scope: Scope): AsyncIterable<ProvedBlock> {
  for (let fromBlock = 1; ; ) {
    const found = await selectBlocks(sql, scope, { fromBlock, limit: BLOCKS_AT_ONCE });
    const page = pageOf(found.map(toBlock));
    const [first, last] = [page[0], page.at(-1)];
    if (!first || !last) return;
    const rows = await selectTransactions(sql, scope, first.fromSeq, last.toSeq);
    const rejections = await rejectionsOf(sql, scope, first.blockNo, last.blockNo);
    const transactions = rows.map((row) => toProved(row, scope));
    for (const block of page) {
      yield {
        block,
        transactions: transactions.filter(({ seq }) => seq >= block.fromSeq && seq <= block.toSeq),
        rejections: rejections.filter(({ blockNo }) => blockNo === block.blockNo),
      };
    }
    fromBlock = last.blockNo + 1;
  }
}

export async function provedTransaction(
  sql: Sql,
  scope: Scope,
  seq: number,
): Promise<ProvedTransaction | null> {
  const [row] = await selectTransactions(sql, scope, seq, seq);
  return row ? toProved(row, scope) : null;
}

export async function provedAccounts(sql: Sql, scope: Scope): Promise<readonly ProvedAccount[]> {
  const rows = await sql<
    {
      id: number;
      path: string;
      currency: string;
      clearing: boolean;
      debits: string | null;
      credits: string | null;
      version: string | null;
      min_balance: string | null;
      max_balance: string | null;
    }[]
  >`
    select a.id, a.path, a.currency, a.clearing, s.debits::text, s.credits::text, s.version::text,
      s.min_balance::text, s.max_balance::text
    from ledger.account a left join ledger.account_balance s on s.account_id = a.id and s.book_id = a.book_id
    where a.book_id = ${bookId(scope)} order by a.path, a.currency`;
  return rows.map(({ id, path, currency, clearing, debits, credits, version, ...limits }) => ({
    id,
    path,
    currency,
    clearing,
    balance:
      debits === null || credits === null || version === null
        ? null
        : {
            debitsMinor: BigInt(debits),
            creditsMinor: BigInt(credits),
            version: exactNumber(version),
            minMinor: limits.min_balance === null ? null : BigInt(limits.min_balance),
            maxMinor: limits.max_balance === null ? null : BigInt(limits.max_balance),
          },
  }));
}

type AdjustmentRow = {
  readonly id: string;
  readonly content: string;
  readonly content_hash: Buffer;
  readonly maker: string;
  readonly checker: string | null;
  readonly status: string;
  readonly is_reversal: boolean;
  readonly request_hash: Buffer | null;
  readonly seq: string | null;
  readonly actor: string;
  readonly approver: string | null;
};

export async function provedAdjustments(sql: Sql, scope: Scope): Promise<readonly ProvedAdjustment[]> {
  const rows = await sql<AdjustmentRow[]>`
    select a.id::text, a.content, a.content_hash, a.maker, a.checker, a.status, t.seq::text, t.actor, t.approver,
      right(a.content, 18) <> '"reverseSeq":null}' as is_reversal, coalesce(t.request_hash, r.request_hash) as request_hash
    from ledger.adjustment a
    left join ledger.txn t on t.book_id = a.book_id and t.idem_key = 'adjustment:' || a.id
    left join ledger.rejection r on r.book_id = a.book_id and r.idem_key = 'adjustment:' || a.id
    where a.book_id = ${bookId(scope)} order by a.id`;
  return rows.map((row) => ({
    id: exactNumber(row.id),
    content: row.content,
    contentHash: row.content_hash,
    maker: row.maker,
    checker: row.checker,
    status: row.status,
    kind: row.is_reversal ? "REVERSE" : "ADJUST",
    requestHash: row.request_hash,
    posted: row.seq === null ? null : { seq: exactNumber(row.seq), actor: row.actor, approver: row.approver },
  }));
}
