import { DomainError, notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import { clearReview, type Payment, type ReviewReason } from "../domain/payment.ts";
import { paymentChange } from "./payment-change.ts";
import type { Clock, PaymentStore } from "./ports.ts";
import type { RefundStore } from "./refund-ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type ResolveReview = (
  paymentId: number,
  scope: Scope,
  wish: { readonly reason: ReviewReason; readonly actor: string; readonly note: string },
) => Promise<Payment>;

/** Takes a review flag off. Raises RESOURCE_NOT_FOUND, INVALID_OPERATION_STATE; while a refund is in doubt its flag stays. */
export function resolveReview(ports: {
  payments: PaymentStore;
  refunds: RefundStore;
  clock: Clock;
}): ResolveReview {
  return (paymentId, scope, { reason, actor, note }) =>
    retryOnConflict(async () => {
      const payment = await ports.payments.byId(paymentId, scope);
      if (!payment) throw notFound("Payment");
      if (!payment.reviewReasons.includes(reason)) {
        throw new DomainError("INVALID_OPERATION_STATE", "The payment has no such review flag.");
      }
      if (reason === "REFUND_UNKNOWN" && (await ports.refunds.inDoubt(paymentId))) {
        throw new DomainError("INVALID_OPERATION_STATE", "A refund of this payment is still in doubt.");
      }
      const cleared = clearReview(payment, reason, ports.clock.now());
      const audit = { actor, action: "review.resolved", detail: { paymentId, reason, note } };
      await ports.payments.commit(paymentChange(payment, { payment: cleared, audit }));
      return cleared;
    });
}
