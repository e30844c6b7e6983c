import { VersionConflict } from "@oi/kernel/errors";
import type { InquiryRecord, PaymentChange } from "../../application/ports.ts";
import type { Attempt } from "../../domain/attempt.ts";
import type { CallbackOutcome } from "../../domain/callback.ts";
import type { Payment, ReviewReason } from "../../domain/payment.ts";
import { attemptsOf, keepAnswer, type MemoryBook, nextId } from "./memory-book.ts";
import { refuseRefunds, storeRefund } from "./refund-rows.ts";

/** Writes a change of one payment, or raises VersionConflict before anything is written. */
export function commitChange(book: MemoryBook, change: PaymentChange): readonly Attempt[] {
  const { payment, inquiry } = change;
  refuseWhatChangedMeanwhile(book, change);
  refuseRefunds(book, change.refunds);
  if (change.answer) keepAnswer(book, payment.scope.applicationId, payment.scope.mode, change.answer);
  recordReviews(book, change);
  book.payments.set(payment.id, { ...payment, revision: change.expectedRevision + 1 });
  const at = book.clock.now();
  const steps = change.steps.map((step) => ({ ...step, at }));
  book.history.set(payment.id, [...(book.history.get(payment.id) ?? []), ...steps]);
  for (const charge of change.charges) {
    book.charges.set(chargeKey(charge), { ...charge, paymentId: payment.id });
  }
  for (const mismatch of change.mismatches) {
    book.mismatches.set(mismatch.id, { ...mismatch, paymentId: payment.id });
  }
  book.events.push(...change.events);
  for (const write of change.refunds) storeRefund(book, write);
  if (change.refundCall) book.refundCalls.push({ ...change.refundCall, answeredAt: at });
  if (change.audit) book.audit.push({ ...change.audit, applicationId: payment.scope.applicationId });
  const stored = change.attempts.map((attempt) => storeAttempt(book, payment, attempt, inquiry));
  if (inquiry) {
    const { attemptId, operation, askedAt, tookMs, verdict } = inquiry;
    const { outcome } = verdict;
    const cause = "cause" in verdict ? verdict.cause : null;
    const answer = { outcome, cause, answeredAt: at };
    book.inquiries.push({ paymentId: payment.id, attemptId, operation, askedAt, tookMs, ...answer });
    decideCallbacks(book, inquiry);
  }
  return stored;
}

/** What flags were raised and taken off, compared with what was stored before. */
function recordReviews(book: MemoryBook, { payment, audit }: PaymentChange): void {
  const before = book.payments.get(payment.id)?.reviewReasons ?? [];
  const after = payment.reviewReasons;
  const at = book.clock.now();
  const { actor, note } = { actor: audit?.actor ?? "system", note: audit?.detail.note?.toString() ?? null };
  const row = (reason: ReviewReason, raised: boolean) =>
    book.reviews.push({ paymentId: payment.id, reason, raised, actor, note, at });
  for (const reason of after) if (!before.includes(reason)) row(reason, true);
  for (const reason of before) if (!after.includes(reason)) row(reason, false);
  if (after.length === 0) book.underReview.delete(payment.id);
  else if (!book.underReview.has(payment.id)) book.underReview.set(payment.id, at);
}

const chargeKey = ({ account, gatewayRef }: { account: string; gatewayRef: string }): string =>
  `${account} ${gatewayRef}`;

/** What the database's version check and its unique indexes refuse. */
function refuseWhatChangedMeanwhile(book: MemoryBook, change: PaymentChange): void {
  const { payment, attempts, charges } = change;
  if (book.payments.get(payment.id)?.revision !== change.expectedRevision) {
    throw new VersionConflict("the payment changed meanwhile");
  }
  const untouched = attemptsOf(book, payment.id).filter(({ no }) => !attempts.some((one) => one.no === no));
  const open = [...untouched, ...attempts].filter(({ state }) => state === "OPENING" || state === "OPEN");
  const taken = attemptsOf(book, payment.id).some(({ id, no }) =>
    attempts.some((one) => one.no === no && one.id !== id),
  );
  const settled = [...book.charges.values()].some(
    ({ kind, paymentId }) => kind === "SETTLEMENT" && paymentId === payment.id,
  );
  const settlements = charges.filter(({ kind }) => kind === "SETTLEMENT").length + (settled ? 1 : 0);
  const isKnown = charges.some((charge) => book.charges.has(chargeKey(charge)));
  const booked = [...book.charges.values(), ...charges].filter(({ kind }) => kind === "MISMATCH");
  const isBookedTwice = new Set(booked.map(({ attemptId }) => attemptId)).size < booked.length;
  const isTwice = new Set(charges.map(chargeKey)).size < charges.length;
  if (
    open.length > 1 ||
    taken ||
    isKnown ||
    isTwice ||
    isBookedTwice ||
    (settlements > 1 && charges.length > 0)
  ) {
    throw new VersionConflict("another commit came first");
  }
}

function storeAttempt(
  book: MemoryBook,
  payment: Payment,
  attempt: Attempt,
  inquiry: InquiryRecord | null,
): Attempt {
  const id = attempt.id === 0 ? nextId(book) : attempt.id;
  const stored: Attempt = { ...attempt, id };
  const leasedUntil = inquiry?.attemptId === id ? null : (book.attempts.get(id)?.leasedUntil ?? null);
  book.attempts.set(id, { paymentId: payment.id, attempt: stored, leasedUntil });
  return stored;
}

/** A definite answer decides the callbacks of its attempt that waited for it. */
function decideCallbacks(book: MemoryBook, { attemptId, finding, moved, refuted }: InquiryRecord): void {
  if (finding === null) return;
  let isFirst = moved;
  for (const [i, callback] of book.callbacks.entries()) {
    if (callback.attemptId !== attemptId || callback.outcome !== "PENDING_VERIFICATION") continue;
    const { claim, claimDiffers } = callback;
    const decide = (outcome: CallbackOutcome): void => {
      book.callbacks[i] = { ...callback, outcome };
    };
    const isSigned = claim.signature === "valid" || claim.signature === "weak";
    if (claimDiffers) decide("MISMATCH");
    else if (finding === "mismatch") decide(claim.says === "paid" ? "MISMATCH" : "STALE");
    else if (claim.says === finding) {
      decide(isFirst ? "APPLIED" : "DUPLICATE");
      isFirst = false;
    } else if (claim.says !== "paid" || !isSigned) decide("STALE");
    else if (refuted) decide("MISMATCH");
  }
}
