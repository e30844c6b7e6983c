import { DomainError, type ErrorReason, invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import { isCurrency } from "@oi/kernel/money";
import { businessDate } from "./business-date.ts";
import { canonicalWriter, type Sha256 } from "./canonical-bytes.ts";
import { findChartLine } from "./chart.ts";
import { balanced, type Condition, type Draft, type Leg, MAX_LEG_MINOR, REF_PATTERN } from "./draft.ts";
import { type BookTerms, RULE_VERSION } from "./posting-rules.ts";
import { commandHash } from "./request-hash.ts";
import type { Transaction } from "./transaction.ts";
import { TRANSACTION_KINDS } from "./transaction-kind.ts";

/** What somebody proposes: legs, or a transaction to reverse. */
export type AdjustmentContent = {
  /** `YYYY-MM-DD`; null for the day of the approval. */
  readonly businessDate: string | null;
  readonly conditions: readonly Condition[];
  /** Empty for a reversal, whose legs are the mirror of what it reverses. */
  readonly legs: readonly Leg[];
  readonly reason: string;
  /** What it belongs to; null for the adjustment itself, or what the reversed transaction belongs to. */
  readonly reference: string | null;
  readonly reverseSeq: number | null;
};

export type RejectionCode =
  | "TRANSACTION_NOT_FOUND"
  | "NOT_REVERSIBLE"
  | "ALREADY_REVERSED"
  | "ACCOUNT_NOT_FOUND"
  | "ACCOUNT_CLOSED"
  | "LIMIT_EXCEEDED";

type Decided = { readonly checker: string; readonly decidedAt: Instant };

/** Why a proposal cannot be posted as it is; kept under its key and given again for ever. */
export type Refusal = {
  readonly reason: ErrorReason;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
};

const KEPT_REASONS: ReadonlySet<ErrorReason> = new Set([
  "VALIDATION_ERROR",
  "RESOURCE_NOT_FOUND",
  "INVALID_OPERATION_STATE",
]);

/** The refusal in an error; null for trouble that says nothing of the proposal. */
export function refusalIn(error: unknown): Refusal | null {
  if (!(error instanceof DomainError) || !KEPT_REASONS.has(error.reason)) return null;
  const { reason, message, metadata, fields } = error;
  return { reason, message, metadata, fields };
}

export function errorOf({ reason, message, metadata, fields }: Refusal): DomainError {
  return new DomainError(reason, message, { metadata, fields });
}

/** POSTED and REFUSED are what the book says of an approved one; there is no third write. */
export type AdjustmentState =
  | { readonly status: "PROPOSED" }
  | ({ readonly status: "APPROVED" } & Decided)
  | ({ readonly status: "POSTED"; readonly seq: number } & Decided)
  | ({ readonly status: "REFUSED"; readonly code: RejectionCode } & Decided)
  | ({ readonly status: "DECLINED"; readonly why: string } & Decided)
  | { readonly status: "EXPIRED"; readonly decidedAt: Instant }
  | { readonly status: "INVALID"; readonly refusal: Refusal; readonly decidedAt: Instant };

export type Adjustment = {
  readonly id: number;
  readonly content: AdjustmentContent;
  readonly contentHash: Uint8Array;
  readonly maker: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly state: AdjustmentState;
};

const LEGS = { least: 2, most: 20 };

/** A refusal with a cause that programs can tell apart. */
function refused(cause: string, fields: Record<string, string>): DomainError {
  const [first] = Object.entries(fields);
  const message = first ? `${first[0]}: ${first[1]}` : "The adjustment is not valid.";
  return new DomainError("VALIDATION_ERROR", message, { fields, metadata: { cause } });
}

/**
 * Gives the content back when it can be posted as far as the chart and the sums tell. Raises VALIDATION_ERROR with the
 * cause UNBALANCED_LEGS, AMOUNT_OUT_OF_RANGE, UNKNOWN_ACCOUNT or MISPLACED_ITEM.
 */
export function checkedContent(content: AdjustmentContent): AdjustmentContent {
  const { legs, reverseSeq, conditions } = content;
  for (const [i, { path, currency }] of conditions.entries()) {
    if (!findChartLine(path) || !isCurrency(currency))
      throw refused("UNKNOWN_ACCOUNT", { [`conditions[${i}].path`]: "is not in the chart of accounts" });
  }
  if (reverseSeq !== null) {
    if (legs.length > 0) throw invalid({ legs: "must be empty for a reversal: they are the mirror" });
    return content;
  }
  if (legs.length < LEGS.least || legs.length > LEGS.most)
    throw refused("UNBALANCED_LEGS", { legs: "must be 2 to 20" });
  for (const [i, leg] of legs.entries()) checkLeg(leg, `legs[${i}]`);
  const sums = new Map<string, bigint>();
  for (const leg of legs) sums.set(leg.currency, (sums.get(leg.currency) ?? 0n) + leg.amountMinor);
  for (const [currency, sum] of sums) {
    if (sum !== 0n) throw refused("UNBALANCED_LEGS", { legs: `are out of balance by ${sum} ${currency}` });
  }
  return content;
}

function checkLeg({ path, currency, amountMinor, ref }: Leg, name: string): void {
  const line = findChartLine(path);
  if (!line) throw refused("UNKNOWN_ACCOUNT", { [`${name}.path`]: "is not in the chart of accounts" });
  if (!isCurrency(currency)) throw invalid({ [`${name}.currency`]: "must be an ISO 4217 code" });
  const size = amountMinor < 0n ? -amountMinor : amountMinor;
  if (size === 0n || size > MAX_LEG_MINOR)
    throw refused("AMOUNT_OUT_OF_RANGE", {
      [`${name}.amountMinor`]: "must be from 1 to 10^15, of either sign",
    });
  if (line.clearing !== (ref !== null) || (ref !== null && !REF_PATTERN.test(ref))) {
    const rule = line.clearing ? "must name the open item" : "must be absent: the account has no open items";
    throw refused("MISPLACED_ITEM", { [`${name}.ref`]: rule });
  }
}

/** Keys in alphabetical order and amounts as texts, because these bytes are hashed and kept for ever. */
export function contentText(content: AdjustmentContent): string {
  return JSON.stringify({
    businessDate: content.businessDate,
    conditions: content.conditions.map(({ currency, maxMinor, minMinor, path }) => ({
      currency,
      maxMinor: maxMinor === null ? null : String(maxMinor),
      minMinor: minMinor === null ? null : String(minMinor),
      path,
    })),
    legs: content.legs.map(({ amountMinor, currency, path, ref }) => ({
      amountMinor: String(amountMinor),
      currency,
      path,
      ref,
    })),
    reason: content.reason,
    reference: content.reference,
    reverseSeq: content.reverseSeq,
  });
}

type Stored = Omit<AdjustmentContent, "conditions" | "legs"> & {
  readonly conditions: readonly (Pick<Condition, "path" | "currency"> & {
    readonly maxMinor: string | null;
    readonly minMinor: string | null;
  })[];
  readonly legs: readonly (Omit<Leg, "amountMinor"> & { readonly amountMinor: string })[];
};

/** The inverse of {@link contentText}, for texts that it wrote. */
export function contentOf(text: string): AdjustmentContent {
  const stored = JSON.parse(text) as Stored;
  const bound = (minor: string | null): bigint | null => (minor === null ? null : BigInt(minor));
  return {
    ...stored,
    conditions: stored.conditions.map((one) => ({
      ...one,
      maxMinor: bound(one.maxMinor),
      minMinor: bound(one.minMinor),
    })),
    legs: stored.legs.map((leg) => ({ ...leg, amountMinor: BigInt(leg.amountMinor) })),
  };
}

export function contentHash(text: string, sha256: Sha256): Uint8Array {
  return sha256(canonicalWriter().text(text).bytes());
}

/** What an approved adjustment posts; `original` is the transaction that it reverses. */
export function adjustmentDraft(
  adjustment: Adjustment,
  by: Decided,
  original: Transaction | null,
  book: BookTerms,
  sha256: Sha256,
): Draft {
  const { id, content, maker } = adjustment;
  const kind = content.reverseSeq === null ? "ADJUST" : "REVERSE";
  const item = `adjustment:${id}`;
  return balanced({
    key: item,
    requestHash: commandHash(kind, id, adjustment.contentHash, sha256),
    kind: TRANSACTION_KINDS[kind],
    rule: RULE_VERSION,
    businessDate: content.businessDate ?? businessDate(by.decidedAt, book.utcOffsetMinutes),
    occurredAt: by.decidedAt,
    reference: content.reference ?? original?.reference ?? item,
    source: null,
    actor: maker,
    approver: by.checker,
    reversesSeq: content.reverseSeq,
    conditions: content.conditions,
    details: JSON.stringify({ adjustment: String(id), reason: content.reason }),
    legs: original ? mirrorOf(original) : content.legs,
  });
}

/** Equal and opposite, leg by leg. */
function mirrorOf({ entries }: Transaction): readonly Leg[] {
  return entries.map(({ path, currency, amountMinor, ref }) => ({
    path,
    currency,
    amountMinor: -amountMinor,
    ref,
  }));
}
