import type { CheckoutFile } from "../../domain/checkout.ts";
import type { MemoryBook } from "./memory-book.ts";

const sum = (amounts: readonly { readonly amountMinor: bigint }[]): bigint =>
  amounts.reduce((total, { amountMinor }) => total + amountMinor, 0n);

/** A checkout as the query reads it; null for an unknown reference. */
export function checkoutOf(book: MemoryBook, reference: string): CheckoutFile | null {
  const payment = [...book.payments.values()].find((one) => one.reference === reference);
  const application = payment && book.applications.get(payment.scope.applicationId);
  if (!payment || !application) return null;
  const charges = [...book.charges.values()].filter(({ paymentId }) => paymentId === payment.id);
  const refunds = [...book.refunds.values()]
    .map(({ refund }) => refund)
    .filter(({ paymentId }) => paymentId === payment.id);
  const method = charges.find(({ kind }) => kind === "SETTLEMENT")?.method;
  const ofLate = refunds.filter(({ origin }) => origin === "LATE_MONEY");
  const succeededAt = refunds
    .filter(({ origin, status }) => origin === "MERCHANT" && status === "SUCCEEDED")
    .map(({ updatedAt }) => updatedAt);
  return {
    payment,
    applicationName: application.name,
    latePaymentPolicy: application.latePaymentPolicy,
    awaitingConfirmation: book.callbacks.some(
      ({ paymentId, outcome }) => paymentId === payment.id && outcome === "PENDING_VERIFICATION",
    ),
    method: method ? { channel: method.channel, brand: method.brand } : null,
    refundedAt: succeededAt.length === 0 ? null : Math.max(...succeededAt),
    lateSums: {
      receivedMinor: sum(
        charges.filter(({ kind }) => kind === "LATE" || kind === "EXTRA").map(({ charged }) => charged),
      ),
      returnedMinor: sum(ofLate.filter(({ status }) => status === "SUCCEEDED").map(({ amount }) => amount)),
      returningMinor: sum(
        ofLate
          .filter(({ status }) => status === "PENDING" || status === "AWAITING_APPROVAL")
          .map(({ amount }) => amount),
      ),
    },
  };
}
