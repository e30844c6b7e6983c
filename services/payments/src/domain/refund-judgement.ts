import { DomainError } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { RefundEventType } from "./events.ts";
import type { RefundOutcome, Unknown } from "./gateway.ts";
import {
  clearReview,
  flagForReview,
  isPaid,
  markRefunded,
  type Payment,
  type ReviewReason,
  type Step,
} from "./payment.ts";
import { fail, type PendingRefund, type Refund, succeed } from "./refund.ts";
import { newRefundAttempt, type RefundAttempt } from "./refund-attempt.ts";
import { nextPollAt, nextTryAt, type RefundSchedule } from "./refund-schedule.ts";

/** Everything that the gateway's word about a refund is weighed against. */
export type RefundCase = {
  readonly payment: Payment;
  readonly refund: Refund;
  /** The newest try. */
  readonly attempt: RefundAttempt;
  /** Another refund of the payment is in doubt. */
  readonly otherInDoubt: boolean;
};

export type RefundJudgement = {
  readonly payment: Payment;
  readonly refund: Refund;
  readonly attempts: readonly RefundAttempt[];
  readonly steps: readonly Step[];
  readonly event: RefundEventType | null;
};

/** Weighs what the gateway said about one try, when it was sent or when it was asked about. Null: nothing to decide. */
export function judgeRefund(
  matter: RefundCase,
  outcome: RefundOutcome,
  schedule: RefundSchedule,
  now: Instant,
): RefundJudgement | null {
  const { refund, attempt } = matter;
  if (refund.status !== "PENDING" || (attempt.state !== "SENDING" && attempt.state !== "ACCEPTED"))
    return null;
  switch (outcome.outcome) {
    case "succeeded":
      return refunded(matter, refund, outcome.gatewayRefundId, now);
    case "rejected":
      return refused(matter, refund, outcome.reason, now);
    case "accepted":
      return accepted(matter, refund, outcome.gatewayRefundId, schedule, now);
    case "unknown":
      return attempt.state === "SENDING"
        ? unanswered(matter, outcome, now)
        : accepted(matter, refund, attempt.gatewayRefundId ?? "", schedule, now);
  }
}

function unmoved({ payment, refund }: RefundCase, attempt: RefundAttempt): RefundJudgement {
  return { payment, refund, attempts: [attempt], steps: [], event: null };
}

function refunded(
  matter: RefundCase,
  refund: PendingRefund,
  gatewayRefundId: string,
  now: Instant,
): RefundJudgement {
  const { payment, attempt } = matter;
  const done: RefundAttempt = { ...attempt, state: "SUCCEEDED", gatewayRefundId, nextAt: null };
  const still = unmoved({ ...matter, refund: succeed(refund, gatewayRefundId, now) }, done);
  // Late money was never this payment's: returning it changes nothing about the payment.
  const own = refund.origin === "MERCHANT" && isPaid(payment);
  const moved = own ? markRefunded(payment, refund.amount.amountMinor, now) : { payment, steps: [] };
  return { ...still, ...moved, event: "refund.succeeded" };
}

function refused(matter: RefundCase, refund: PendingRefund, reason: string, now: Instant): RefundJudgement {
  const { attempt, payment } = matter;
  const over: RefundAttempt = { ...attempt, state: "REJECTED", reason, nextAt: null };
  const failed = unmoved({ ...matter, refund: fail(refund, reason, now) }, over);
  const flag = flagOfHeld(refund, payment);
  const held = flag ? flagForReview(payment, flag, now) : payment;
  return { ...failed, payment: held, event: "refund.failed" };
}

/** Money that is not the payment's and could not be returned lies with us until a person does something about it. */
function flagOfHeld({ origin, amount }: PendingRefund, payment: Payment): ReviewReason | null {
  if (origin === "MERCHANT") return null;
  if (origin === "LATE_MONEY") return "LATE_MONEY_HELD";
  return amount.currency === payment.amount.currency ? "AMOUNT_MISMATCH" : "CURRENCY_MISMATCH";
}

function accepted(
  matter: RefundCase,
  refund: PendingRefund,
  gatewayRefundId: string,
  schedule: RefundSchedule,
  now: Instant,
): RefundJudgement {
  const acceptedAt = matter.attempt.acceptedAt ?? now;
  const nextAt = nextPollAt(schedule, acceptedAt, now);
  const attempt: RefundAttempt = {
    ...matter.attempt,
    state: "ACCEPTED",
    gatewayRefundId,
    acceptedAt,
    nextAt,
  };
  const known = unmoved({ ...matter, refund: { ...refund, gatewayRefundId } }, attempt);
  return nextAt === null
    ? { ...known, payment: flagForReview(matter.payment, "REFUND_UNKNOWN", now) }
    : known;
}

/** What certainly never left us may be repeated with the same reference; anything else is never repeated. */
function unanswered(
  matter: RefundCase,
  { sent, cause, retryAfterMs = 0 }: Unknown,
  now: Instant,
): RefundJudgement {
  const { attempt, payment } = matter;
  if (!sent) {
    const nextAt = nextTryAt(attempt.createdAt, retryAfterMs, now);
    return unmoved(matter, { ...attempt, state: "READY", reason: cause, nextAt });
  }
  const doubtful = unmoved(matter, { ...attempt, state: "UNKNOWN", reason: cause, nextAt: null });
  return { ...doubtful, payment: flagForReview(payment, "REFUND_UNKNOWN", now) };
}

/** What an operator found in the gateway's panel. */
export type RefundFinding =
  | { readonly kind: "executed"; readonly gatewayRefundId: string }
  | { readonly kind: "not_executed" };

/**
 * Ends the doubt about a refund. Raises INVALID_OPERATION_STATE when there is none. An executed one is asked about from
 * now on; one that was not executed is tried again under a new reference.
 */
export function resolveUnknown(matter: RefundCase, finding: RefundFinding, now: Instant): RefundJudgement {
  const { payment, refund, attempt, otherInDoubt } = matter;
  const lost = attempt.state === "UNKNOWN";
  const silent = attempt.state === "ACCEPTED" && attempt.nextAt === null;
  if (refund.status !== "PENDING" || !(lost || silent)) {
    throw new DomainError("INVALID_OPERATION_STATE", "The refund is not in doubt.", {
      metadata: { status: refund.status },
    });
  }
  const seen = otherInDoubt ? payment : clearReview(payment, "REFUND_UNKNOWN", now);
  const still = { payment: seen, steps: [], event: null };
  if (finding.kind === "executed") {
    const { gatewayRefundId } = finding;
    const found: RefundAttempt = {
      ...attempt,
      state: "ACCEPTED",
      gatewayRefundId,
      acceptedAt: now,
      nextAt: now,
    };
    return { ...still, refund: { ...refund, gatewayRefundId }, attempts: [found] };
  }
  const over: RefundAttempt = { ...attempt, state: "NOT_EXECUTED", nextAt: null };
  const next = newRefundAttempt(refund, attempt.no + 1, attempt.account, now);
  return { ...still, refund: { ...refund, gatewayRefundId: null }, attempts: [over, next] };
}
