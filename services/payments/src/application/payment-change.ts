import type { Payment } from "../domain/payment.ts";
import type { PaymentChange } from "./ports.ts";

/** A change of the payment that was loaded, which writes nothing but what `part` says. */
export function paymentChange(loaded: Payment, part: Partial<PaymentChange> = {}): PaymentChange {
  return {
    payment: loaded,
    expectedRevision: loaded.revision,
    steps: [],
    attempts: [],
    charges: [],
    mismatches: [],
    events: [],
    inquiry: null,
    refunds: [],
    releasedMinor: 0n,
    refundCall: null,
    audit: null,
    answer: null,
    ...part,
  };
}
