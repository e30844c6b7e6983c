import type { Instant } from "@oi/kernel/instant";
import { type Attempt, canStillBePaid, isClosed } from "./attempt.ts";
import { type Charge, type ChargeKind, chargeOf } from "./charge.ts";
import type { PaidEvidence, PaymentVerdict } from "./gateway.ts";
import { type InquirySchedule, nextInquiryAt } from "./inquiry-schedule.ts";
import {
  close,
  flagForReview,
  isOpen,
  isPaid,
  markSucceeded,
  type Payment,
  type ReviewReason,
  type Step,
} from "./payment.ts";

/** Everything that a verdict is weighed against. */
export type Case = {
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  /** The attempt that was asked about. */
  readonly attempt: Attempt;
  /** Charges of this payment that are recorded already, by the gateway's id. */
  readonly knownCharges: readonly string[];
  /** The account's name at the gateway (the store id). */
  readonly accountRef: string;
};

export type JudgeRules = {
  readonly schedule: InquirySchedule;
  /** How long after the first "failed" the second, agreeing answer is asked for. */
  readonly recheckMs: number;
  /** How long after the expiry an open session may still be one whose customer is typing. */
  readonly openGraceMs: number;
  /** How far apart two equal answers must lie when validation and query disagree. */
  readonly doubtMs: number;
};

/** The definite part of a verdict; null when it says nothing definite. */
export type Finding = "paid" | "failed" | "cancelled" | "expired" | null;

/** What a verdict changes. Nothing else ever moves a payment's money state. */
export type Judgement = {
  readonly payment: Payment;
  readonly attempt: Attempt;
  readonly steps: readonly Step[];
  readonly charges: readonly Charge[];
  readonly finding: Finding;
};

/** Weighs what the gateway itself said against payment and attempt: exact amount, currency, store and reference. */
export function judge(matter: Case, verdict: PaymentVerdict, rules: JudgeRules, now: Instant): Judgement {
  switch (verdict.outcome) {
    case "paid":
      return judgePaid(matter, verdict.payments, rules, now);
    case "failed":
    case "cancelled":
    case "expired":
      return judgeNegative(matter, verdict.outcome, verdict.reason, rules, now);
    case "pending":
      return judgePending(matter, verdict.phase, rules, now);
    case "unknown":
      return unmoved(matter, rules, now, null);
  }
}

function unmoved({ payment, attempt }: Case, rules: JudgeRules, now: Instant, finding: Finding): Judgement {
  // A paid attempt has told everything; every other one is asked again, also after closing, for money that is late.
  const paid = attempt.state === "PAID";
  const nextAt = paid ? null : nextInquiryAt(rules.schedule, attempt.createdAt, payment.expiresAt, now);
  const stuck = nextAt === null && canStillBePaid(attempt);
  return {
    payment: stuck ? flagForReview(payment, "STUCK_UNKNOWN", now) : payment,
    attempt: { ...attempt, nextInquiryAt: nextAt },
    steps: [],
    charges: [],
    finding,
  };
}

function mismatchOf({ payment, attempt, accountRef }: Case, evidence: PaidEvidence): ReviewReason | null {
  if (evidence.merchantRef !== attempt.merchantRef) return "REFERENCE_MISMATCH";
  if (evidence.accountRef !== null && evidence.accountRef !== accountRef) return "STORE_MISMATCH";
  if (evidence.charged.currency !== payment.amount.currency) return "CURRENCY_MISMATCH";
  return evidence.charged.amountMinor === payment.amount.amountMinor ? null : "AMOUNT_MISMATCH";
}

function judgePaid(
  matter: Case,
  payments: readonly PaidEvidence[],
  rules: JudgeRules,
  now: Instant,
): Judgement {
  let judgement = unmoved(matter, rules, now, "paid");
  for (const evidence of payments) {
    if (matter.knownCharges.includes(evidence.gatewayRef)) continue;
    const mismatch = mismatchOf(matter, evidence);
    if (mismatch) {
      judgement = { ...judgement, payment: flagForReview(judgement.payment, mismatch, now) };
    } else if (!evidence.validated && !isBeyondDoubt(matter.attempt, evidence, rules, now)) {
      judgement = { ...judgement, finding: null, attempt: doubtful(judgement.attempt, evidence, rules, now) };
    } else {
      judgement = takeMoney(judgement, evidence, now);
    }
  }
  return judgement;
}

function isBeyondDoubt({ doubt }: Attempt, evidence: PaidEvidence, rules: JudgeRules, now: Instant): boolean {
  return doubt?.gatewayRef === evidence.gatewayRef && now - doubt.at >= rules.doubtMs;
}

function doubtful(attempt: Attempt, { gatewayRef }: PaidEvidence, rules: JudgeRules, now: Instant): Attempt {
  const doubt = attempt.doubt?.gatewayRef === gatewayRef ? attempt.doubt : { gatewayRef, at: now };
  return { ...attempt, doubt, nextInquiryAt: Math.max(now + 1_000, doubt.at + rules.doubtMs) };
}

/** One charge that matches: it settles an open payment; on any other it is late or extra money, and held. */
function takeMoney(judgement: Judgement, evidence: PaidEvidence, now: Instant): Judgement {
  const { payment, attempt } = judgement;
  const kind: ChargeKind = isOpen(payment) ? "SETTLEMENT" : isPaid(payment) ? "EXTRA" : "LATE";
  const charges = [...judgement.charges, chargeOf(kind, evidence, attempt.account, now)];
  const paidAttempt: Attempt = { ...attempt, state: "PAID", doubt: null, hint: null, nextInquiryAt: null };
  if (!isOpen(payment)) {
    return {
      ...judgement,
      charges,
      attempt: paidAttempt,
      payment: flagForReview(payment, "LATE_MONEY_HELD", now),
    };
  }
  const { gatewayTxnId, risk } = evidence;
  const settled = markSucceeded(
    payment,
    { at: now, gatewayTxnId, riskLevel: risk.level, refundedMinor: 0n },
    now,
  );
  const flagged = risk.level === 1 ? flagForReview(settled.payment, "RISK", now) : settled.payment;
  return { ...judgement, payment: flagged, attempt: paidAttempt, charges, steps: settled.steps };
}

function judgeNegative(
  matter: Case,
  outcome: "failed" | "cancelled" | "expired",
  reason: string,
  rules: JudgeRules,
  now: Instant,
): Judgement {
  const { payment, attempt } = matter;
  const still = unmoved(matter, rules, now, outcome);
  if (attempt.state === "PAID")
    return { ...still, payment: flagForReview(payment, "GATEWAY_CONTRADICTION", now) };
  const states = { failed: "FAILED", cancelled: "CANCELLED", expired: "EXPIRED" } as const;
  // A failed try inside a session may be followed by a good one, so a failure is asked about twice.
  const failedAt = attempt.failedAt ?? now;
  if (outcome === "failed" && isOpen(payment) && now - failedAt < rules.recheckMs) {
    const asked: Attempt = { ...still.attempt, failedAt, reason, nextInquiryAt: failedAt + rules.recheckMs };
    return { ...still, attempt: asked, finding: null };
  }
  const closed: Attempt = { ...still.attempt, state: states[outcome], reason, hint: null };
  return closeIfNothingIsLeft({ ...still, attempt: closed }, matter, now);
}

function judgePending(
  matter: Case,
  phase: "open" | "unattempted" | "in_flight" | "absent",
  rules: JudgeRules,
  now: Instant,
): Judgement {
  const still = unmoved(matter, rules, now, null);
  if (!isOpen(matter.payment) || matter.attempt.state === "PAID") return still;
  const late = now - matter.payment.expiresAt;
  // After our own expiry an untouched session is over at once, one that is open or absent after a grace, since a
  // customer may be typing a one-time code. Money in flight is waited for.
  const over = phase === "unattempted" ? late >= 0 : phase !== "in_flight" && late >= rules.openGraceMs;
  if (!over) return still;
  const closed: Attempt = { ...still.attempt, state: "EXPIRED", reason: phase };
  return closeIfNothingIsLeft({ ...still, attempt: closed, finding: "expired" }, matter, now);
}

/** Closes the payment when no attempt can be paid any more; before our own expiry an expired session may be renewed. */
function closeIfNothingIsLeft(judgement: Judgement, { attempts }: Case, now: Instant): Judgement {
  const { payment, attempt } = judgement;
  if (!isOpen(payment)) return judgement;
  const others = attempts.filter((other) => other.no !== attempt.no);
  if (others.some(canStillBePaid)) return judgement;
  const expired = now >= payment.expiresAt;
  if (attempt.state === "FAILED" || attempt.state === "CANCELLED") {
    return {
      ...judgement,
      ...close(payment, attempt.state, attempt.reason, `gateway.${attempt.state.toLowerCase()}`, now),
    };
  }
  if (!expired || !others.every(isClosed)) return judgement;
  return { ...judgement, ...close(payment, "EXPIRED", null, "gateway.expired", now) };
}

/**
 * Expires a payment whose time is over and of which no attempt can hold money: never opened, or every session was
 * refused or has its own definite answer. Null when a session still has to be asked about.
 */
export function expireUnopened(
  payment: Payment,
  attempts: readonly Attempt[],
  now: Instant,
): { payment: Payment; steps: Step[] } | null {
  if (!isOpen(payment) || now < payment.expiresAt || !attempts.every(isClosed)) return null;
  if (payment.reviewReasons.some((reason) => reason.endsWith("_MISMATCH"))) return null;
  return close(payment, "EXPIRED", null, "time.over", now);
}
