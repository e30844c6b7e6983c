import type { Instant } from "@oi/kernel/instant";
import { canonicalWriter, type Sha256, utf8Bytes } from "./canonical-bytes.ts";

/** A committed batch. Its hash covers the one before it. */
export type Block = {
  readonly blockNo: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly leafCount: number;
  readonly recordedAt: Instant;
  /** Microseconds, as they are hashed. */
  readonly recordedUs: bigint;
  readonly root: Uint8Array;
  readonly prev: Uint8Array;
  readonly hash: Uint8Array;
};

/** What a leaf of a transaction covers; times in microseconds, texts as stored. */
export type LeafFields = {
  readonly bookId: bigint;
  readonly seq: number;
  readonly blockNo: number;
  readonly kind: number;
  readonly rule: number;
  /** Days since 2000-01-01. */
  readonly businessDay: number;
  readonly occurredUs: bigint;
  readonly recordedUs: bigint;
  readonly key: string;
  readonly requestHash: Uint8Array;
  readonly reference: string;
  /** 16 bytes, zeros when there is none. */
  readonly eventId: Uint8Array;
  readonly reversesSeq: number;
  readonly actor: string;
  readonly approver: string | null;
  readonly details: string;
  readonly entryCount: number;
  readonly legs: readonly {
    readonly leg: number;
    readonly accountId: number;
    readonly amountMinor: bigint;
    readonly balanceAfterMinor: bigint;
    readonly accountVersion: number;
    readonly currency: string;
    readonly path: string;
    readonly ref: string | null;
  }[];
};

const LEAF = 0;
const NODE = 1;
const BLOCK = 2;
const TRANSACTION_TAG = 1;
const REJECTION_TAG = 2;

/** Path and currency are inside, so that renaming an account shows. */
export function transactionLeaf(fields: LeafFields, sha256: Sha256): Uint8Array {
  const writer = canonicalWriter()
    .u8(LEAF)
    .u16(TRANSACTION_TAG)
    .i64(fields.bookId)
    .i64(BigInt(fields.seq))
    .i64(BigInt(fields.blockNo))
    .u16(fields.kind)
    .u16(fields.rule)
    .i32(fields.businessDay)
    .i64(fields.occurredUs)
    .i64(fields.recordedUs)
    .text(fields.key)
    .raw(fields.requestHash)
    .text(fields.reference)
    .raw(fields.eventId)
    .i64(BigInt(fields.reversesSeq))
    .text(fields.actor)
    .text(fields.approver)
    .text(fields.details)
    .u16(fields.entryCount);
  for (const leg of fields.legs) {
    writer
      .u16(leg.leg)
      .i32(leg.accountId)
      .i64(leg.amountMinor)
      .i64(leg.balanceAfterMinor)
      .i64(BigInt(leg.accountVersion))
      .text(leg.currency)
      .text(leg.path)
      .text(leg.ref);
  }
  return sha256(writer.bytes());
}

export function rejectionLeaf(
  fields: {
    readonly bookId: bigint;
    readonly blockNo: number;
    readonly key: string;
    readonly requestHash: Uint8Array;
    readonly code: string;
  },
  sha256: Sha256,
): Uint8Array {
  const { bookId, blockNo, key, requestHash, code } = fields;
  const writer = canonicalWriter().u8(LEAF).u16(REJECTION_TAG).i64(bookId).i64(BigInt(blockNo));
  return sha256(writer.text(key).raw(requestHash).text(code).bytes());
}

/** RFC 6962: an odd last node moves up unchanged. */
export function merkleRoot(leaves: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  let level = leaves;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      if (left && right) next.push(sha256(canonicalWriter().u8(NODE).raw(left).raw(right).bytes()));
      else if (left) next.push(left);
    }
    level = next;
  }
  return level[0] ?? sha256(new Uint8Array());
}

export function blockHash(
  bookId: bigint,
  block: Omit<Block, "hash" | "recordedAt">,
  sha256: Sha256,
): Uint8Array {
  const writer = canonicalWriter()
    .u8(BLOCK)
    .i64(bookId)
    .i64(BigInt(block.blockNo))
    .i64(BigInt(block.fromSeq))
    .i64(BigInt(block.toSeq))
    .i32(block.leafCount)
    .i64(block.recordedUs)
    .raw(block.prev)
    .raw(block.root);
  return sha256(writer.bytes());
}

/** What stands before the first block. */
export function genesisHead(bookId: bigint, sha256: Sha256): Uint8Array {
  return sha256(utf8Bytes(`oi.ledger.book.v1:${bookId}`));
}
