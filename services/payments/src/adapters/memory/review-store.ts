import {
  EVIDENCE_LIMIT,
  type Review,
  type ReviewFilter,
  type ReviewPosition,
  type ReviewStore,
} from "../../application/list-reviews.ts";
import type { Payment } from "../../domain/payment.ts";
import { holdsItsAmount } from "../../domain/refund.ts";
import { attemptsOf, type MemoryBook, mismatchesOf } from "./memory-book.ts";

/** What people have to look at, in memory. */
export function memoryReviewStore(book: MemoryBook): ReviewStore {
  return {
    list: async (filter) =>
      [...book.underReview]
        .map(([id, since]) => ({ id, since }))
        .filter((place) => isBehind(place, filter.after))
        .sort((a, b) => a.since - b.since || a.id - b.id)
        .flatMap(({ id, since }) => {
          const payment = book.payments.get(id);
          return payment && isWanted(payment, filter) ? [reviewOf(book, payment, since)] : [];
        })
        .slice(0, filter.limit),
  };
}

function isBehind({ since, id }: ReviewPosition, after: ReviewPosition | null): boolean {
  return after === null || since > after.since || (since === after.since && id > after.id);
}

function isWanted({ scope, reviewReasons }: Payment, { applicationId, mode, reason }: ReviewFilter): boolean {
  const isOfScope = scope.mode === mode && (applicationId === null || scope.applicationId === applicationId);
  return isOfScope && (reason === null || reviewReasons.includes(reason));
}

function reviewOf(book: MemoryBook, payment: Payment, since: number): Review {
  const refunds = [...book.refunds.values()].filter(({ refund }) => refund.paymentId === payment.id);
  const returned = refunds.map(({ refund }) => refund).filter(holdsItsAmount);
  const flags = payment.reviewReasons.map((reason) => {
    const raised = book.reviews.findLast(
      (row) => row.paymentId === payment.id && row.reason === reason && row.raised,
    );
    return { reason, raisedAt: raised?.at ?? since };
  });
  return {
    payment,
    since,
    flags: flags.sort((a, b) => a.raisedAt - b.raisedAt),
    mismatches: mismatchesOf(book, payment.id)
      .reverse()
      .slice(0, EVIDENCE_LIMIT)
      .map((mismatch) => ({
        ...mismatch,
        askedReference: askedReference(book, payment, mismatch.attemptId),
      })),
    held: [...book.charges.values()]
      .filter(({ paymentId, kind }) => paymentId === payment.id && kind !== "SETTLEMENT")
      .filter(({ id }) => !returned.some(({ chargeId }) => chargeId === id))
      .map(({ paymentId: _, ...charge }) => charge)
      .sort((a, b) => a.id - b.id)
      .slice(0, EVIDENCE_LIMIT),
    refundsInDoubt: refunds
      .filter(({ refund }) => refund.status === "PENDING")
      .filter(({ attempts }) =>
        attempts.some(
          ({ state, nextAt }) => state === "UNKNOWN" || (state === "ACCEPTED" && nextAt === null),
        ),
      )
      .map(({ refund }) => refund.id)
      .slice(0, EVIDENCE_LIMIT),
  };
}

function askedReference(book: MemoryBook, payment: Payment, attemptId: number): string {
  return attemptsOf(book, payment.id).find(({ id }) => id === attemptId)?.merchantRef ?? "";
}
