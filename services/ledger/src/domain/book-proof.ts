import {
  type Block,
  blockHash,
  genesisHead,
  type LeafFields,
  merkleRoot,
  rejectionLeaf,
  transactionLeaf,
} from "./block.ts";
import { businessDate } from "./business-date.ts";
import { DAY_MS, formatDay, parseDay } from "./calendar-day.ts";
import { type Sha256, toHex } from "./canonical-bytes.ts";
import { findChartLine } from "./chart.ts";
import { TRANSACTION_KINDS } from "./transaction-kind.ts";

/** The first thing that does not prove itself. */
export type IntegrityBreak = {
  readonly check: string;
  readonly blockNo: number | null;
  readonly seq: number | null;
  readonly leg: number | null;
  /** The account, open item, day or key. */
  readonly subject: string;
  readonly expected: string;
  readonly actual: string;
};

type ProvedLeg = LeafFields["legs"][number] & { readonly debitsAfterMinor: bigint };

export type ProvedTransaction = Omit<LeafFields, "legs"> & {
  readonly leaf: Uint8Array;
  readonly legs: readonly ProvedLeg[];
};

export type ProvedRejection = {
  readonly blockNo: number;
  readonly leafIndex: number;
  readonly key: string;
  readonly requestHash: Uint8Array;
  readonly code: string;
  readonly recordedUs: bigint;
  readonly leaf: Uint8Array;
};

/** A block with everything in it, as it is stored. */
export type ProvedBlock = {
  readonly block: Block;
  readonly transactions: readonly ProvedTransaction[];
  readonly rejections: readonly ProvedRejection[];
};

export type ProvedAccount = {
  readonly id: number;
  readonly path: string;
  readonly currency: string;
  readonly clearing: boolean;
  /** Null when the account has no balance row. */
  readonly balance: {
    readonly debitsMinor: bigint;
    readonly creditsMinor: bigint;
    readonly version: number;
    readonly minMinor: bigint | null;
    readonly maxMinor: bigint | null;
  } | null;
};

/** Days are counted from here. */
const EPOCH_2000_MS = parseDay("2000-01-01");

/** What the entries of an account came to so far. */
type Running = { readonly debitsMinor: bigint; readonly creditsMinor: bigint; readonly version: number };

const NOTHING: Running = { debitsMinor: 0n, creditsMinor: 0n, version: 0 };

export class BreakFound extends Error {
  override readonly name = "BreakFound";
  readonly found: IntegrityBreak;

  constructor(found: IntegrityBreak) {
    super(`${found.check}: ${found.subject}: expected ${found.expected}, found ${found.actual}`);
    this.found = found;
  }
}

type Place = Partial<Pick<IntegrityBreak, "blockNo" | "seq" | "leg">>;

function expectSame(check: string, place: Place, subject: string, expected: unknown, actual: unknown): void {
  if (expected === actual) return;
  throw new BreakFound({
    check,
    blockNo: place.blockNo ?? null,
    seq: place.seq ?? null,
    leg: place.leg ?? null,
    subject,
    expected: String(expected),
    actual: String(actual),
  });
}

export type BookProof = {
  /** The next block in order. Raises {@link BreakFound}. */
  add(block: ProvedBlock): void;
  /** After the last block. Raises {@link BreakFound}. */
  finish(
    head: { readonly lastSeq: number; readonly lastBlock: number; readonly head: Uint8Array },
    accounts: readonly ProvedAccount[],
  ): void;
  readonly lastSeq: number;
  readonly lastBlock: number;
};

/**
 * Recomputes a book from its first block: V1 sequences without a gap, V2 the chain of blocks, V3 leaves and roots, V4
 * legs and sums, V5 versions and running balances, V8 the chart, V12 the trial balance. It knows nothing of how the
 * database came to its figures.
 */
export function bookProof(bookId: bigint, utcOffsetMinutes: number, sha256: Sha256): BookProof {
  let lastSeq = 0;
  let lastBlock = 0;
  let prev = genesisHead(bookId, sha256);
  const accounts = new Map<number, Running>();

  const enter = (transaction: ProvedTransaction, leg: ProvedLeg): void => {
    const place = { blockNo: transaction.blockNo, seq: transaction.seq, leg: leg.leg };
    const before = accounts.get(leg.accountId) ?? NOTHING;
    const isDebit = leg.amountMinor > 0n;
    const after = {
      debitsMinor: before.debitsMinor + (isDebit ? leg.amountMinor : 0n),
      creditsMinor: before.creditsMinor - (isDebit ? 0n : leg.amountMinor),
      version: before.version + 1,
    };
    const name = `${leg.path} ${leg.currency}`;
    expectSame("V5", place, `version of ${name}`, after.version, leg.accountVersion);
    expectSame(
      "V5",
      place,
      `balance of ${name}`,
      after.debitsMinor - after.creditsMinor,
      leg.balanceAfterMinor,
    );
    expectSame("V5", place, `debits of ${name}`, after.debitsMinor, leg.debitsAfterMinor);
    accounts.set(leg.accountId, after);
  };

  const addTransaction = (transaction: ProvedTransaction, block: Block): void => {
    const { seq, blockNo } = transaction;
    expectSame("V1", { blockNo: block.blockNo, seq }, "sequence", lastSeq + 1, seq);
    expectSame("V2", { blockNo: block.blockNo, seq }, "block of the transaction", block.blockNo, blockNo);
    expectSame("V2", { blockNo, seq }, "time of the transaction", block.recordedUs, transaction.recordedUs);
    checkLegs(transaction);
    checkDay(transaction, utcOffsetMinutes);
    for (const leg of transaction.legs) enter(transaction, leg);
    const leaf = toHex(transactionLeaf(transaction, sha256));
    expectSame("V3", { blockNo, seq }, "leaf", leaf, toHex(transaction.leaf));
    lastSeq = seq;
  };

  const leafOf = (rejection: ProvedRejection): Uint8Array => rejectionLeaf({ ...rejection, bookId }, sha256);

  return {
    add: ({ block, transactions, rejections }) => {
      const place = { blockNo: block.blockNo };
      expectSame("V2", place, "number of the block", lastBlock + 1, block.blockNo);
      expectSame("V2", place, "first sequence", lastSeq + 1, block.fromSeq);
      expectSame("V2", place, "previous hash", toHex(prev), toHex(block.prev));
      for (const transaction of transactions) addTransaction(transaction, block);
      expectSame("V1", place, "last sequence", block.toSeq, lastSeq);
      for (const [i, rejection] of rejections.entries())
        checkRejection(rejection, block, transactions.length + i, leafOf(rejection));
      const leaves = [...transactions, ...rejections].map(({ leaf }) => leaf);
      expectSame("V2", place, "number of leaves", leaves.length, block.leafCount);
      expectSame("V3", place, "root", toHex(merkleRoot(leaves, sha256)), toHex(block.root));
      expectSame("V2", place, "hash", toHex(blockHash(bookId, block, sha256)), toHex(block.hash));
      prev = block.hash;
      lastBlock = block.blockNo;
    },
    finish: (head, stored) => {
      expectSame("V1", {}, "last sequence of the book", lastSeq, head.lastSeq);
      expectSame("V2", {}, "last block of the book", lastBlock, head.lastBlock);
      expectSame("V2", {}, "head of the book", toHex(prev), toHex(head.head));
      checkAccounts(stored, accounts);
    },
    get lastSeq() {
      return lastSeq;
    },
    get lastBlock() {
      return lastBlock;
    },
  };
}

/** The day of a fact is that of its moment; a command names its own. */
function checkDay({ blockNo, seq, kind, occurredUs, businessDay }: ProvedTransaction, offset: number): void {
  if (kind >= TRANSACTION_KINDS.ADJUST) return;
  const expected = businessDate(Number(occurredUs / 1_000n), offset);
  const actual = formatDay(businessDay * DAY_MS + EPOCH_2000_MS);
  expectSame("V6", { blockNo, seq }, "business date", expected, actual);
}

function checkRejection(rejection: ProvedRejection, block: Block, place: number, leaf: Uint8Array): void {
  const at = { blockNo: block.blockNo };
  expectSame("V3", at, `leaf of ${rejection.key}`, toHex(leaf), toHex(rejection.leaf));
  expectSame("V2", at, `time of ${rejection.key}`, block.recordedUs, rejection.recordedUs);
  expectSame("V2", at, `place of ${rejection.key}`, place, rejection.leafIndex);
}

function checkLegs({ blockNo, seq, entryCount, legs }: ProvedTransaction): void {
  const place = { blockNo, seq };
  expectSame("V4", place, "number of legs", entryCount, legs.length);
  expectSame("V4", place, "at least two legs", true, legs.length >= 2);
  const sums = new Map<string, bigint>();
  for (const [i, { leg, path, currency, amountMinor, ref }] of legs.entries()) {
    expectSame("V4", { ...place, leg }, "number of the leg", i + 1, leg);
    expectSame("V8", { ...place, leg }, `open item on ${path}`, findChartLine(path)?.clearing, ref !== null);
    sums.set(currency, (sums.get(currency) ?? 0n) + amountMinor);
  }
  for (const [currency, sum] of sums) expectSame("V4", place, `sum in ${currency}`, 0n, sum);
}

function checkAccounts(stored: readonly ProvedAccount[], computed: ReadonlyMap<number, Running>): void {
  const totals = new Map<string, bigint>();
  const known = new Set(stored.map(({ id }) => id));
  for (const { id, path, currency, clearing, balance } of stored) {
    const name = `${path} ${currency}`;
    expectSame("V8", {}, `clearing flag of ${name}`, findChartLine(path)?.clearing, clearing);
    const { debitsMinor, creditsMinor, version } = computed.get(id) ?? NOTHING;
    expectSame("V8", {}, `least balance of ${name}`, null, balance?.minMinor ?? null);
    const most = findChartLine(path)?.maxBalanceMinor ?? null;
    expectSame("V8", {}, `largest balance of ${name}`, most, balance?.maxMinor ?? null);
    expectSame("V5", {}, `last version of ${name}`, version, balance?.version);
    expectSame("V5", {}, `debits of ${name}`, debitsMinor, balance?.debitsMinor);
    expectSame("V5", {}, `credits of ${name}`, creditsMinor, balance?.creditsMinor);
    totals.set(currency, (totals.get(currency) ?? 0n) + debitsMinor - creditsMinor);
  }
  for (const id of computed.keys()) expectSame("V5", {}, `account ${id}`, true, known.has(id));
  for (const [currency, total] of totals) expectSame("V12", {}, `trial balance in ${currency}`, 0n, total);
}

/** V9: a reversal is equal and opposite to what it reverses, which is no reversal itself. */
export function checkReversal(reversal: ProvedTransaction, original: ProvedTransaction | null): void {
  const place = { blockNo: reversal.blockNo, seq: reversal.seq };
  expectSame("V9", place, "reversed transaction", reversal.reversesSeq, original?.seq);
  expectSame("V9", place, "kind of the reversed one", false, original?.kind === TRANSACTION_KINDS.REVERSE);
  expectSame("V9", place, "number of legs", original?.legs.length, reversal.legs.length);
  for (const [i, leg] of reversal.legs.entries()) {
    const mirrored = original?.legs[i];
    const subject = "mirrored leg";
    const text = (one: typeof mirrored, sign: bigint): string =>
      one ? `${one.path} ${one.currency} ${one.amountMinor * sign} ${one.ref ?? ""}` : "";
    expectSame("V9", { ...place, leg: leg.leg }, subject, text(mirrored, -1n), text(leg, 1n));
  }
}
