import { assert } from "@oi/kernel/assert";
import type { Instant } from "@oi/kernel/instant";
import { chartLine } from "./chart.ts";
import type { FactSource } from "./fact.ts";

/** One leg: a debit is positive, a credit negative. */
export type Leg = {
  readonly path: string;
  readonly currency: string;
  readonly amountMinor: bigint;
  /** The open item it belongs to; on clearing accounts and nowhere else. */
  readonly ref: string | null;
};

/** After the posting, debits less credits of the account lie within the bounds; null is no bound. */
export type Condition = {
  readonly path: string;
  readonly currency: string;
  readonly minMinor: bigint | null;
  readonly maxMinor: bigint | null;
};

/** A balanced transaction that has no place in its book yet. */
export type Draft = {
  /** Unique in the book for ever. */
  readonly key: string;
  /** Covers the fact and never the legs, so that a newer rule does not look like another fact. */
  readonly requestHash: Uint8Array;
  /** Its number in `transaction-kind.ts`. */
  readonly kind: number;
  /** The version of the rule that made it. */
  readonly rule: number;
  /** `YYYY-MM-DD` */
  readonly businessDate: string;
  readonly occurredAt: Instant;
  readonly reference: string;
  /** Null for a command, which alone may be refused. */
  readonly source: FactSource | null;
  readonly actor: string;
  /** The second person, for a command. */
  readonly approver: string | null;
  /** The transaction that this one undoes. */
  readonly reversesSeq: number | null;
  /** What must hold after the posting, or it is refused. */
  readonly conditions: readonly Condition[];
  /** JSON with sorted keys. */
  readonly details: string;
  readonly legs: readonly Leg[];
};

/** 10^15 minor units; the database refuses more as well. */
export const MAX_LEG_MINOR = 1_000_000_000_000_000n;
const MAX_LEGS = 64;
export const REF_PATTERN = /^[a-z_]+:[A-Za-z0-9:_-]+$/;

/**
 * Proves a draft: 2 to 64 legs, each on an account of the chart, an open item on clearing accounts and only there, and
 * a sum of zero in every currency. A rule that fails here is a bug. The database checks the same once more.
 */
export function balanced(draft: Draft): Draft {
  const { legs, key } = draft;
  assert(legs.length >= 2 && legs.length <= MAX_LEGS, `${key} has ${legs.length} legs`);
  assert(REF_PATTERN.test(draft.reference), `${key} has the reference ${draft.reference}`);
  const sums = new Map<string, bigint>();
  for (const leg of legs) {
    const size = leg.amountMinor < 0n ? -leg.amountMinor : leg.amountMinor;
    assert(size > 0n && size <= MAX_LEG_MINOR, `${key} has a leg of ${leg.amountMinor}`);
    const { clearing } = chartLine(leg.path);
    assert(clearing === (leg.ref !== null), `${key}: an open item does not fit ${leg.path}`);
    assert(leg.ref === null || REF_PATTERN.test(leg.ref), `${key} has the open item ${leg.ref}`);
    sums.set(leg.currency, (sums.get(leg.currency) ?? 0n) + leg.amountMinor);
  }
  for (const [currency, sum] of sums) assert(sum === 0n, `${key} is out of balance by ${sum} ${currency}`);
  return draft;
}
