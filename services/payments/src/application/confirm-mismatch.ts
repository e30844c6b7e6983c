import { notFound } from "@oi/kernel/errors";
import type { Money } from "@oi/kernel/money";
import type { Scope } from "@oi/kernel/scope";
import { confirmMismatch as confirm } from "../domain/mismatch.ts";
import type { Payment } from "../domain/payment.ts";
import { answerOnce } from "./answer-once.ts";
import { paymentChange } from "./payment-change.ts";
import type { Clock, IdempotencyKey, PaymentStore } from "./ports.ts";
import { loadOwnFile } from "./resolve-review.ts";

export type ConfirmMismatch = (
  mismatch: { readonly paymentId: number; readonly receiptId: number; readonly scope: Scope },
  wish: { readonly seen: Money; readonly actor: string; readonly note: string },
  key?: IdempotencyKey | null,
) => Promise<Payment>;

export type ConfirmMismatchPorts = {
  readonly payments: PaymentStore;
  readonly clock: Clock;
  /** Makes the inquiry worker look at its list now. */
  readonly wakeInquiries: () => void;
};

/**
 * Records differing money that an operator found in our store, and tells the ledger. Nothing else moves: it is returned
 * by an operator's refund. Raises RESOURCE_NOT_FOUND, VALIDATION_ERROR, INVALID_OPERATION_STATE.
 */
export function confirmMismatch({ payments, clock, wakeInquiries }: ConfirmMismatchPorts): ConfirmMismatch {
  return async ({ paymentId, receiptId, scope }, { seen, actor, note }, key = null) => {
    const answer = await answerOnce(payments, scope, key, async (keep) => {
      const file = await loadOwnFile(payments, paymentId, scope);
      const mismatch = file.mismatches.find(({ id }) => id === receiptId);
      if (!mismatch) throw notFound("Mismatch");
      const now = clock.now();
      const { payment, mismatches, charge, attempt } = confirm(file, mismatch, seen, now);
      const { amountMinor, currency } = charge.charged;
      const detail = { paymentId, receiptId, note, amountMinor: amountMinor.toString(), currency };
      await payments.commit(
        paymentChange(file.payment, {
          payment,
          mismatches,
          charges: [charge],
          attempts: [attempt],
          events: [{ kind: "mismatch", occurredAt: now, payment, charge }],
          audit: { actor, action: "mismatch.confirmed", detail },
          answer: keep(payment),
        }),
      );
      return payment;
    });
    wakeInquiries();
    return answer;
  };
}
