import { DomainError, invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Money } from "@oi/kernel/money";
import type { Attempt } from "./attempt.ts";
import { type Charge, chargeOf, type RecordedCharge } from "./charge.ts";
import type { AccountId, PaidEvidence } from "./gateway.ts";
import { clearReview, type Payment, type ReviewReason } from "./payment.ts";

export type MismatchReason = Extract<
  ReviewReason,
  "AMOUNT_MISMATCH" | "CURRENCY_MISMATCH" | "STORE_MISMATCH" | "REFERENCE_MISMATCH"
>;

/** DISMISSED: an operator took its flag off. CONFIRMED: an operator found the money in our store. */
export type MismatchState = "OPEN" | "DISMISSED" | "CONFIRMED";

/** Money that the gateway says it took for an attempt and that is not what was asked. It moves nothing by itself. */
export type Mismatch = {
  readonly reason: MismatchReason;
  /** The reference and the store that the gateway names. */
  readonly namedReference: string;
  readonly namedStore: string | null;
  /** What is recorded as a charge once an operator confirms it. */
  readonly charge: Charge;
};

/** A mismatch with its id, which becomes that of its charge, and the attempt that was asked about. */
export type RecordedMismatch = Mismatch & {
  readonly id: number;
  readonly attemptId: number;
  readonly state: MismatchState;
};

/** What differs from what was asked, the worst first; null when nothing does. */
export function mismatchReason(
  asked: { readonly merchantRef: string; readonly accountRef: string; readonly amount: Money },
  { merchantRef, accountRef, charged }: PaidEvidence,
): MismatchReason | null {
  if (merchantRef !== asked.merchantRef) return "REFERENCE_MISMATCH";
  if (accountRef !== null && accountRef !== asked.accountRef) return "STORE_MISMATCH";
  if (charged.currency !== asked.amount.currency) return "CURRENCY_MISMATCH";
  return charged.amountMinor === asked.amount.amountMinor ? null : "AMOUNT_MISMATCH";
}

export function mismatchOf(
  reason: MismatchReason,
  evidence: PaidEvidence,
  account: AccountId,
  now: Instant,
): Mismatch {
  const { merchantRef: namedReference, accountRef: namedStore } = evidence;
  return { reason, namedReference, namedStore, charge: chargeOf("MISMATCH", evidence, account, now) };
}

/** The one that told of the same charge with the same figures before. */
export function sameMismatch(
  known: readonly RecordedMismatch[],
  reason: MismatchReason,
  { gatewayRef, charged }: PaidEvidence,
): RecordedMismatch | null {
  return (
    known.find(
      (one) =>
        one.reason === reason && one.charge.gatewayRef === gatewayRef && isSame(one.charge.charged, charged),
    ) ?? null
  );
}

const isSame = (a: Money, b: Money): boolean => a.amountMinor === b.amountMinor && a.currency === b.currency;

type Settled = { readonly payment: Payment; readonly mismatches: readonly RecordedMismatch[] };

/** The flag is off, and the same figures do not raise it again. */
export function dismissMismatches(
  payment: Payment,
  known: readonly RecordedMismatch[],
  reason: ReviewReason,
  now: Instant,
): Settled {
  const open = known.filter((one) => one.state === "OPEN" && one.reason === reason);
  const mismatches = open.map((one): RecordedMismatch => ({ ...one, state: "DISMISSED" }));
  return { payment: clearReview(payment, reason, now), mismatches };
}

export type ConfirmedMismatch = Settled & {
  readonly charge: RecordedCharge;
  /** Asked about once more at once: with its money explained, the payment may be over. */
  readonly attempt: Attempt;
};

/**
 * An operator found the money in our store. It becomes a charge that is nobody's until it is returned, and what else
 * was told of the same charge is dismissed. Raises VALIDATION_ERROR, INVALID_OPERATION_STATE.
 */
export function confirmMismatch(
  file: {
    readonly payment: Payment;
    readonly attempts: readonly Attempt[];
    readonly mismatches: readonly RecordedMismatch[];
  },
  mismatch: RecordedMismatch,
  seen: Money,
  now: Instant,
): ConfirmedMismatch {
  const { charge, reason, attemptId } = mismatch;
  const attempt = file.attempts.find(({ id }) => id === attemptId);
  if (!attempt) throw new Error(`mismatch ${mismatch.id} has lost its attempt`);
  if (mismatch.state === "CONFIRMED") throw refused("The mismatch is confirmed already.");
  if (reason === "STORE_MISMATCH")
    throw refused("The money is in another store; there is nothing to confirm.");
  if (reason === "REFERENCE_MISMATCH")
    throw refused("The money was taken under another reference; it belongs to whoever that names.");
  if (file.mismatches.some((one) => one.attemptId === attemptId && one.state === "CONFIRMED"))
    throw refused("Another mismatch of this attempt is confirmed; an attempt is booked once.");
  if (!isSame(seen, charge.charged)) {
    const { amountMinor, currency } = charge.charged;
    throw invalid({ amount: `is not what the gateway told us: ${amountMinor} ${currency}` });
  }
  const told = file.mismatches.filter((one) => one.charge.gatewayRef === charge.gatewayRef);
  const mismatches = told
    .filter((one) => one.id === mismatch.id || one.state === "OPEN")
    .map((one): RecordedMismatch => ({ ...one, state: one.id === mismatch.id ? "CONFIRMED" : "DISMISSED" }));
  const settled = new Set(mismatches.map(({ id }) => id));
  const left = file.mismatches.filter(({ id, state }) => state === "OPEN" && !settled.has(id));
  const payment = mismatches
    .filter((one) => !left.some((other) => other.reason === one.reason))
    .reduce((seenSoFar: Payment, one) => clearReview(seenSoFar, one.reason, now), file.payment);
  return {
    payment,
    mismatches,
    charge: { ...charge, id: mismatch.id, attemptId, recordedAt: now },
    attempt: { ...attempt, nextInquiryAt: now },
  };
}

function refused(message: string): DomainError {
  return new DomainError("INVALID_OPERATION_STATE", message);
}
