import type { Instant } from "@oi/kernel/instant";
import { type Attempt, isClosed, OPENING_LIMIT_MS } from "./attempt.ts";
import { type ChargeKind, chargeOf } from "./charge.ts";
import { closeIfNothingIsLeft } from "./closing.ts";
import type { PaidEvidence, PaymentVerdict } from "./gateway.ts";
import { nextInquiryAfterPayment, nextInquiryAt } from "./inquiry-schedule.ts";
import type { Case, Finding, Judgement, JudgeRules, WaitingClaims } from "./judgement.ts";
import { type MismatchReason, mismatchOf, mismatchReason, sameMismatch } from "./mismatch.ts";
import { flagForReview, isOpen, isPaid, markSucceeded } from "./payment.ts";

/** A signed claim of payment is refuted by two denials that are this far apart. */
const REFUTED_AFTER_MS = 60_000;
/** Money that is still on its way this long after the expiry is a person's business. */
const IN_FLIGHT_LIMIT_MS = 86_400_000;
const STUCK_EVERY_MS = 86_400_000;

/** Weighs what the gateway itself said against payment and attempt: exact amount, currency, store and reference. */
export function judge(matter: Case, verdict: PaymentVerdict, rules: JudgeRules, now: Instant): Judgement {
  const attempt = givenUp(matter.attempt, now);
  const weighed = weigh({ ...matter, attempt }, verdict, rules, now);
  return keepAsking(weighClaims(weighed, verdict, matter.claims, now), now);
}

/** A process that died between its two commits left this behind; nobody has the session's URL. */
function givenUp(attempt: Attempt, now: Instant): Attempt {
  const lost = attempt.state === "OPENING" && now - attempt.createdAt >= OPENING_LIMIT_MS;
  return lost ? { ...attempt, state: "UNKNOWN" } : attempt;
}

/** A signed claim that the gateway's own answer does not bear out moves nothing, but a person has to look. */
function weighClaims(
  judgement: Judgement,
  { outcome }: PaymentVerdict,
  claims: WaitingClaims | null,
  now: Instant,
): Judgement {
  if (claims === null || judgement.finding === null) return judgement;
  const denied = outcome === "failed" || outcome === "cancelled" || outcome === "expired";
  const refuted = denied && claims.deniedAt !== null && now - claims.deniedAt >= REFUTED_AFTER_MS;
  if (!claims.differ && !refuted) return judgement;
  return { ...judgement, refuted, payment: flagForReview(judgement.payment, "CLAIM_MISMATCH", now) };
}

/** No answer for as long as the schedule reaches: a person has to look, and an open payment is asked about daily. */
function keepAsking(judgement: Judgement, now: Instant): Judgement {
  const { attempt, payment } = judgement;
  if (attempt.nextInquiryAt !== null || isClosed(attempt) || hasTold(attempt)) return judgement;
  const nextInquiryAt = isOpen(payment) ? now + STUCK_EVERY_MS : null;
  return {
    ...judgement,
    payment: flagForReview(payment, "STUCK_UNKNOWN", now),
    attempt: { ...attempt, nextInquiryAt },
  };
}

/** A paid attempt has told what it was opened for, unless another charge of its session is in doubt. */
function hasTold({ state, doubt }: Attempt): boolean {
  return state === "PAID" && doubt === null;
}

function weigh(matter: Case, verdict: PaymentVerdict, rules: JudgeRules, now: Instant): Judgement {
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
  return {
    payment,
    attempt: { ...attempt, nextInquiryAt: askAgainAt(attempt, payment.expiresAt, rules, now) },
    steps: [],
    charges: [],
    mismatches: [],
    finding,
    refuted: false,
  };
}

/** Every attempt is asked about again: after closing for money that is late, after paying for one that is taken back. */
function askAgainAt(attempt: Attempt, expiresAt: Instant, rules: JudgeRules, now: Instant): Instant | null {
  const { schedule, draw } = rules;
  if (!hasTold(attempt)) return nextInquiryAt(schedule, attempt.createdAt, expiresAt, now, draw);
  return nextInquiryAfterPayment(schedule, attempt.paidAt ?? now, now, draw);
}

function reasonAgainst(
  { payment, attempt, accountRef }: Case,
  evidence: PaidEvidence,
): MismatchReason | null {
  return mismatchReason({ merchantRef: attempt.merchantRef, accountRef, amount: payment.amount }, evidence);
}

/** Weighs each charge of one answer. Money that is taken is the answer, whatever is said about the rest. */
function judgePaid(
  matter: Case,
  payments: readonly PaidEvidence[],
  rules: JudgeRules,
  now: Instant,
): Judgement {
  const seen = new Set(matter.knownCharges);
  const fresh = payments.filter(({ gatewayRef }) => !seen.has(gatewayRef) && seen.add(gatewayRef));
  const doubtful = fresh.filter(
    (evidence) =>
      !reasonAgainst(matter, evidence) &&
      !evidence.validated &&
      !isBeyondDoubt(matter.attempt, evidence, rules, now),
  );
  let judgement = unmoved(matter, rules, now, "paid");
  for (const evidence of fresh) {
    const reason = reasonAgainst(matter, evidence);
    if (reason) {
      judgement = flagMismatch(judgement, evidence, reason, matter, now);
    } else if (!doubtful.includes(evidence)) {
      judgement = takeMoney(judgement, evidence, matter, rules, now);
    }
  }
  const known = matter.attempt.doubt;
  const doubt = doubtful.find(({ gatewayRef }) => gatewayRef === known?.gatewayRef) ?? doubtful[0];
  if (doubt) {
    const since = known?.gatewayRef === doubt.gatewayRef ? known.at : now;
    judgement = { ...judgement, attempt: inDoubt(judgement.attempt, doubt, since, rules, now) };
  }
  const told = judgement.charges.length > 0 || fresh.length === 0;
  const found: Judgement = told ? judgement : { ...judgement, finding: doubt ? null : "mismatch" };
  return closeIfExplained(found, fresh, matter, now);
}

/** Money that differs moves nothing; what a person has settled does not raise the flag again. */
function flagMismatch(
  judgement: Judgement,
  evidence: PaidEvidence,
  reason: MismatchReason,
  { mismatches, attempt }: Case,
  now: Instant,
): Judgement {
  const known = sameMismatch(mismatches, reason, evidence);
  if (known && known.state !== "OPEN") return judgement;
  const payment = flagForReview(judgement.payment, reason, now);
  const told = known ? [] : [mismatchOf(reason, evidence, attempt.account, now)];
  return { ...judgement, payment, mismatches: [...judgement.mismatches, ...told] };
}

/**
 * An open payment has no charge of its own, so all money that is known, or dismissed, is a mismatch that a person has
 * settled: after the expiry nothing is left to wait for.
 */
function closeIfExplained(
  judgement: Judgement,
  fresh: readonly PaidEvidence[],
  matter: Case,
  now: Instant,
): Judgement {
  const { payment, attempt } = judgement;
  const isExplained = fresh.every((evidence) => {
    const reason = reasonAgainst(matter, evidence);
    return reason !== null && sameMismatch(matter.mismatches, reason, evidence)?.state === "DISMISSED";
  });
  if (!isExplained || !isOpen(payment) || now < payment.expiresAt) return judgement;
  const closed: Attempt = isClosed(attempt) ? attempt : { ...attempt, state: "EXPIRED", reason: "mismatch" };
  return closeIfNothingIsLeft({ ...judgement, attempt: closed }, matter, now);
}

function isBeyondDoubt({ doubt }: Attempt, evidence: PaidEvidence, rules: JudgeRules, now: Instant): boolean {
  return doubt?.gatewayRef === evidence.gatewayRef && now - doubt.at >= rules.doubtMs;
}

function inDoubt(
  attempt: Attempt,
  { gatewayRef }: PaidEvidence,
  since: Instant,
  rules: JudgeRules,
  now: Instant,
): Attempt {
  const nextInquiryAt = Math.max(now + 1_000, since + rules.doubtMs);
  return { ...attempt, doubt: { gatewayRef, at: since }, nextInquiryAt };
}

/** One charge that matches: it settles an open payment; on any other it is late or extra money, refunded or held. */
function takeMoney(
  judgement: Judgement,
  evidence: PaidEvidence,
  { latePaymentPolicy }: Case,
  rules: JudgeRules,
  now: Instant,
): Judgement {
  const { payment, attempt } = judgement;
  const kind: ChargeKind = isOpen(payment) ? "SETTLEMENT" : isPaid(payment) ? "EXTRA" : "LATE";
  const charges = [...judgement.charges, chargeOf(kind, evidence, attempt.account, now)];
  const paid: Attempt = { ...attempt, state: "PAID", doubt: null, paidAt: attempt.paidAt ?? now };
  const nextInquiryAt = askAgainAt(paid, payment.expiresAt, rules, now);
  const taken = { ...judgement, charges, attempt: { ...paid, nextInquiryAt } };
  if (!isOpen(payment)) {
    const held = latePaymentPolicy === "HOLD";
    return held ? { ...taken, payment: flagForReview(payment, "LATE_MONEY_HELD", now) } : taken;
  }
  const { gatewayTxnId, risk } = evidence;
  const settled = markSucceeded(
    payment,
    { at: now, gatewayTxnId, riskLevel: risk.level, refundedMinor: 0n },
    now,
  );
  const flagged = risk.level === 1 ? flagForReview(settled.payment, "RISK", now) : settled.payment;
  return { ...taken, payment: flagged, steps: settled.steps };
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
  const closed: Attempt = { ...still.attempt, state: states[outcome], reason };
  return closeIfNothingIsLeft({ ...still, attempt: closed }, matter, now);
}

function judgePending(
  matter: Case,
  phase: "open" | "unattempted" | "in_flight" | "absent",
  rules: JudgeRules,
  now: Instant,
): Judgement {
  // The customer is trying again: a failure that was heard before is over.
  const asked = unmoved({ ...matter, attempt: { ...matter.attempt, failedAt: null } }, rules, now, null);
  const late = now - matter.payment.expiresAt;
  const lost = phase === "in_flight" && late >= IN_FLIGHT_LIMIT_MS && isOpen(asked.payment);
  const still = lost ? { ...asked, payment: flagForReview(asked.payment, "STUCK_UNKNOWN", now) } : asked;
  if (matter.attempt.state === "PAID") return still;
  // After our own expiry an untouched session is over at once, one that is open or absent after a grace, since a
  // customer may be typing a one-time code. Money in flight is waited for.
  const over = phase === "unattempted" ? late >= 0 : phase !== "in_flight" && late >= rules.openGraceMs;
  if (!over) return still;
  // An attempt that is closed already keeps its own word for why.
  const closed: Attempt = isClosed(still.attempt)
    ? still.attempt
    : { ...still.attempt, state: "EXPIRED", reason: phase };
  return closeIfNothingIsLeft({ ...still, attempt: closed, finding: "expired" }, matter, now);
}
