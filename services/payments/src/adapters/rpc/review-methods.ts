import type { ServiceImpl } from "@connectrpc/connect";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import { ReviewReason as Reason, type RefundsService } from "@oi/proto/payments/v1/refunds_service";
import type { ConfirmMismatch } from "../../application/confirm-mismatch.ts";
import type { ListReviews } from "../../application/list-reviews.ts";
import type { ResolveReview } from "../../application/resolve-review.ts";
import type { Payment } from "../../domain/payment.ts";
import { type Fingerprint, idempotencyOf } from "./idempotency-key.ts";
import { operatorOf } from "./operator.ts";
import type { PaymentMapper } from "./payment-message.ts";
import { safeId, scopeOf } from "./request-scope.ts";
import { nextReviews, readReviewFilter, reviewMessage, reviewReasonFrom } from "./review-message.ts";

export type ReviewPorts = {
  readonly listReviews: ListReviews;
  readonly resolveReview: ResolveReview;
  readonly confirmMismatch: ConfirmMismatch;
  readonly fingerprint: Fingerprint;
  readonly paymentMessage: PaymentMapper;
  readonly pageTokens: PageTokens;
};

/** What people look at and decide. Who decides is part of a key's fingerprint: another person's request is another one. */
export function reviewMethods(
  ports: ReviewPorts,
): Pick<ServiceImpl<typeof RefundsService>, "listReviews" | "resolveReview" | "confirmMismatch"> {
  const { fingerprint, paymentMessage, pageTokens } = ports;
  const left = (payment: Payment) => ({
    payment: paymentMessage(payment),
    remaining: payment.reviewReasons.map((name) => Reason[name]),
  });
  return {
    async listReviews(request) {
      const filter = readReviewFilter(request, pageTokens);
      const reviews = await ports.listReviews(filter);
      return {
        reviews: reviews.map((review) => reviewMessage(review, paymentMessage)),
        nextPageToken: nextReviews(request, pageTokens, reviews, filter.limit),
      };
    },
    async resolveReview(request, context) {
      const actor = operatorOf(context);
      const reason = reviewReasonFrom(request.reason);
      const { note, idempotencyKey } = request;
      const fields = { paymentId: request.paymentId.toString(), reason, note, actor };
      const key = idempotencyOf(fingerprint, "ResolveReview", idempotencyKey, fields);
      const wish = { reason, actor, note };
      return left(await ports.resolveReview(safeId(request.paymentId), scopeOf(request), wish, key));
    },
    async confirmMismatch(request, context) {
      const actor = operatorOf(context);
      const { amount, note, idempotencyKey } = request;
      const seen = { amountMinor: amount?.amountMinor ?? 0n, currency: amount?.currency ?? "" };
      const ids = { paymentId: request.paymentId.toString(), receiptId: request.receiptId.toString() };
      const figures = { amountMinor: seen.amountMinor.toString(), currency: seen.currency };
      const fields = { ...ids, ...figures, note, actor };
      const key = idempotencyOf(fingerprint, "ConfirmMismatch", idempotencyKey, fields);
      const mismatch = {
        paymentId: safeId(request.paymentId),
        receiptId: safeId(request.receiptId),
        scope: scopeOf(request),
      };
      return left(await ports.confirmMismatch(mismatch, { seen, actor, note }, key));
    },
  };
}
