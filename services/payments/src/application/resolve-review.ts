import { DomainError, notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import { dismissMismatches } from "../domain/mismatch.ts";
import type { Payment, ReviewReason } from "../domain/payment.ts";
import { answerOnce } from "./answer-once.ts";
import { loadFile } from "./load-file.ts";
import { paymentChange } from "./payment-change.ts";
import type { Clock, IdempotencyKey, PaymentFile, PaymentStore } from "./ports.ts";
import type { RefundStore } from "./refund-ports.ts";

export type ResolveReview = (
  paymentId: number,
  scope: Scope,
  wish: { readonly reason: ReviewReason; readonly actor: string; readonly note: string },
  key?: IdempotencyKey | null,
) => Promise<Payment>;

/**
 * Takes a review flag off; the figures of a mismatch do not raise it again. Raises RESOURCE_NOT_FOUND,
 * INVALID_OPERATION_STATE; while a refund is in doubt its flag stays.
 */
export function resolveReview(ports: {
  payments: PaymentStore;
  refunds: RefundStore;
  clock: Clock;
}): ResolveReview {
  const { payments, refunds, clock } = ports;
  return (paymentId, scope, { reason, actor, note }, key = null) =>
    answerOnce(payments, scope, key, async (keep) => {
      const { payment, mismatches } = await loadOwnFile(payments, paymentId, scope);
      if (!payment.reviewReasons.includes(reason)) {
        throw new DomainError("INVALID_OPERATION_STATE", "The payment has no such review flag.");
      }
      if (reason === "REFUND_UNKNOWN" && (await refunds.inDoubt(paymentId))) {
        throw new DomainError("INVALID_OPERATION_STATE", "A refund of this payment is still in doubt.");
      }
      const settled = dismissMismatches(payment, mismatches, reason, clock.now());
      const audit = { actor, action: "review.resolved", detail: { paymentId, reason, note } };
      const answer = keep(settled.payment);
      await payments.commit(paymentChange(payment, { ...settled, audit, answer }));
      return settled.payment;
    });
}

/** The file of a payment in this scope. Raises RESOURCE_NOT_FOUND. */
export async function loadOwnFile(payments: PaymentStore, id: number, scope: Scope): Promise<PaymentFile> {
  const payment = await payments.byId(id, scope);
  if (!payment) throw notFound("Payment");
  return loadFile(payments, payment.reference);
}
