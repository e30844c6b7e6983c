import { createHash } from "node:crypto";
import type { Row, World } from "./invariant.ts";
import { rowsOf } from "./query.ts";

// Written from the description of the format and not from the ledger's own code: the one must not prove the other.

/** The leaf of a transaction from its rows. A text is its byte length and its bytes; an absent one the length −1. */
const WRONG_LEAVES = `
  select t.book_id, t.seq, t.block_no, 'the leaf does not recompute' as why from ledger.txn t
  join lateral (
    select count(*) as legs, string_agg(int2send(e.leg) || int4send(e.account_id) || int8send(e.amount)
      || int8send(e.balance_after) || int8send(e.account_version) || ${text("a.currency")} || ${text("a.path")}
      || ${text("e.ref")}, ''::bytea order by e.leg) as bytes
    from ledger.entry e join ledger.account a on a.id = e.account_id where e.book_id = t.book_id and e.seq = t.seq) l on true
  where t.recorded_at >= {since} and t.leaf is distinct from sha256('\\x000001'::bytea
    || int8send(t.book_id) || int8send(t.seq) || int8send(t.block_no) || int2send(t.kind) || int2send(t.rule)
    || int4send(t.business_date - date '2000-01-01') || int8send(${micros("t.occurred_at")})
    || int8send(${micros("t.recorded_at")}) || ${text("t.idem_key")} || t.request_hash || ${text("t.reference")}
    || coalesce(uuid_send(t.event_id), decode(repeat('00', 16), 'hex')) || int8send(coalesce(t.reverses_seq, 0))
    || ${text("t.actor")} || ${text("t.approver")} || ${text("t.details")} || int2send(l.legs::int2) || l.bytes)`;

const WRONG_REFUSALS = `
  select r.book_id, r.idem_key, r.block_no, 'the leaf of a refusal does not recompute' as why from ledger.rejection r
  where r.recorded_at >= {since} and r.leaf is distinct from sha256('\\x000002'::bytea || int8send(r.book_id)
    || int8send(r.block_no) || ${text("r.idem_key")} || r.request_hash || ${text("r.code")})`;

/**
 * A row that was updated carries the transaction of the update: what is posted says which one wrote it. The low half of
 * `xid` is what PostgreSQL keeps with the row.
 */
const CHANGED_ROWS = `
  select t.book_id, t.seq, 'the transaction was changed' as why from ledger.txn t
  where t.recorded_at >= {since} and t.xmin::text::bigint <> t.xid::text::bigint % 4294967296
  union all
  select e.book_id, e.seq, 'leg ' || e.leg || ' was changed' from ledger.entry e
  join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq
  where t.recorded_at >= {since} and e.xmin::text::bigint <> t.xid::text::bigint % 4294967296
  union all
  select b.book_id, b.block_no, 'the block was changed' from ledger.block b
  join ledger.txn t on t.book_id = b.book_id and t.seq = b.to_seq and t.block_no = b.block_no
  where b.recorded_at >= {since} and b.xmin::text::bigint <> t.xid::text::bigint % 4294967296`;

/** Rows beyond what the blocks hold would otherwise never be looked at. */
const GAPS = `
  select b.id as book_id, b.last_seq, count(t.seq) as found, max(t.seq) as last from ledger.book b
  left join ledger.txn t on t.book_id = b.id
  group by b.id having count(t.seq) <> b.last_seq or coalesce(max(t.seq), 0) <> b.last_seq`;

/** Blocks in order, each with its leaves: the transactions by sequence, then the refusals by their place. */
const BLOCKS = `
  select b.book_id, b.block_no, b.from_seq, b.to_seq, b.leaf_count, ${micros("b.recorded_at")} as recorded_us,
    b.root, b.prev, b.hash, l.leaf, k.last_block, k.head
  from ledger.block b join ledger.book k on k.id = b.book_id
  left join (
    select book_id, block_no, seq as place, leaf from ledger.txn
    union all
    select book_id, block_no, 9223372036854775807 - 2147483647 + leaf_index, leaf from ledger.rejection) l
    on l.book_id = b.book_id and l.block_no = b.block_no
  where b.recorded_at >= {since} order by b.book_id, b.block_no, l.place`;

function text(column: string): string {
  return `coalesce(int4send(octet_length(convert_to(${column}, 'UTF8'))) || convert_to(${column}, 'UTF8'), '\\xffffffff'::bytea)`;
}

function micros(column: string): string {
  return `(extract(epoch from ${column}) * 1000000)::bigint`;
}

type BlockRow = {
  readonly book_id: string;
  readonly block_no: string;
  readonly from_seq: string;
  readonly to_seq: string;
  readonly leaf_count: number;
  readonly recorded_us: string;
  readonly root: Buffer;
  readonly prev: Buffer;
  readonly hash: Buffer;
  readonly leaf: Buffer | null;
  readonly last_block: string;
  readonly head: Buffer;
};

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** L4: every leaf, root, block and link again from the rows. One block's leaves are in memory at a time. */
export async function* brokenChain(world: World): AsyncGenerator<Row> {
  for (const query of [GAPS, CHANGED_ROWS, WRONG_LEAVES, WRONG_REFUSALS])
    yield* rowsOf(world, "ledger", query);
  let before: BlockRow | null = null;
  for await (const { block, leaves } of blocksOf(rowsOf<BlockRow>(world, "ledger", BLOCKS))) {
    const previous: BlockRow | null = before?.book_id === block.book_id ? before : null;
    if (before !== null && previous === null) yield* brokenHead(before);
    yield* brokenBlock(block, leaves, previous, world.settings.since === null);
    before = block;
  }
  if (before !== null) yield* brokenHead(before);
}

async function* blocksOf(rows: AsyncIterable<BlockRow>) {
  let block: BlockRow | null = null;
  let leaves: Buffer[] = [];
  for await (const row of rows) {
    if (block !== null && (row.book_id !== block.book_id || row.block_no !== block.block_no)) {
      yield { block, leaves };
      leaves = [];
    }
    block = row;
    if (row.leaf !== null) leaves.push(row.leaf);
  }
  if (block !== null) yield { block, leaves };
}

function* brokenBlock(
  block: BlockRow,
  leaves: readonly Buffer[],
  previous: BlockRow | null,
  isWhole: boolean,
) {
  const { book_id, block_no } = block;
  const wrong = (why: string): Row => ({ book_id, block_no, why });
  const isFirst = previous === null && isWhole;
  if (BigInt(block_no) !== (isFirst ? 1n : BigInt(previous?.block_no ?? BigInt(block_no) - 1n) + 1n))
    yield wrong("a block is missing before it");
  if (isFirst && BigInt(block.from_seq) !== 1n) yield wrong("it does not begin with the first transaction");
  if (previous && BigInt(block.from_seq) !== BigInt(previous.to_seq) + 1n)
    yield wrong("it does not begin where the one before it ended");
  const link = previous?.hash ?? (isWhole ? sha256(Buffer.from(`oi.ledger.book.v1:${book_id}`)) : block.prev);
  if (!block.prev.equals(link)) yield wrong("it does not follow the block before it");
  if (leaves.length !== block.leaf_count)
    yield wrong(`it has ${leaves.length} leaves, not ${block.leaf_count}`);
  if (!block.root.equals(merkleRoot(leaves))) yield wrong("the root does not recompute");
  if (!block.hash.equals(hashOf(block))) yield wrong("the hash does not recompute");
}

function* brokenHead({ book_id, block_no, last_block, hash, head }: BlockRow): Generator<Row> {
  if (block_no !== last_block || !hash.equals(head))
    yield { book_id, block_no, last_block, why: "the book's head is not its last block" };
}

/** RFC 6962: an odd last node moves up unchanged. */
function merkleRoot(leaves: readonly Buffer[]): Buffer {
  let level = leaves;
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
      const [left, right] = [level[2 * i], level[2 * i + 1]];
      return left && right ? sha256(Buffer.of(1), left, right) : (left ?? Buffer.alloc(0));
    });
  }
  return level[0] ?? sha256();
}

function hashOf({
  book_id,
  block_no,
  from_seq,
  to_seq,
  leaf_count,
  recorded_us,
  prev,
  root,
}: BlockRow): Buffer {
  const wide = (value: string): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return bytes;
  };
  const count = Buffer.alloc(4);
  count.writeInt32BE(leaf_count);
  return sha256(
    ...[Buffer.of(2), wide(book_id), wide(block_no), wide(from_seq), wide(to_seq)],
    ...[count, wide(recorded_us), prev, root],
  );
}
