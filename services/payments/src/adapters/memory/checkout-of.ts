import type { CheckoutFile } from "../../domain/checkout.ts";
import type { MismatchState } from "../../domain/mismatch.ts";
import type { RefundAttempt } from "../../domain/refund-attempt.ts";
import type { MemoryBook } from "./memory-book.ts";

const sum = (amounts: readonly { readonly amountMinor: bigint }[]): bigint =>
  amounts.reduce((total, { amountMinor }) => total + amountMinor, 0n);

/** A checkout as the query reads it; null for an unknown reference. */
export function checkoutOf(book: MemoryBook, reference: string): CheckoutFile | null {
  const payment = [...book.payments.values()].find((one) => one.reference === reference);
  const application = payment && book.applications.get(payment.scope.applicationId);
  if (!payment || !application) return null;
  const charges = [...book.charges.values()].filter(({ paymentId }) => paymentId === payment.id);
  const own = [...book.refunds.values()].filter(({ refund }) => refund.paymentId === payment.id);
  const refunds = own.map(({ refund }) => refund);
  const isInDoubt = ({ state, nextAt }: RefundAttempt): boolean =>
    state === "UNKNOWN" || (state === "ACCEPTED" && nextAt === null);
  const onTheirWay = own
    .filter(({ refund, attempts }) => refund.status === "PENDING" && !attempts.some(isInDoubt))
    .map(({ refund }) => refund);
  const mismatches = [...book.mismatches.values()].filter(({ paymentId }) => paymentId === payment.id);
  const told = (state: MismatchState): number => mismatches.filter((one) => one.state === state).length;
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
        onTheirWay.filter(({ origin }) => origin === "LATE_MONEY").map(({ amount }) => amount),
      ),
    },
    differing: {
      undecided: told("OPEN"),
      dismissed: told("DISMISSED"),
      confirmed: charges.filter(({ kind }) => kind === "MISMATCH").length,
      returning: onTheirWay.filter(({ origin }) => origin === "MISMATCH").length,
      returned: refunds.filter(({ origin, status }) => origin === "MISMATCH" && status === "SUCCEEDED")
        .length,
    },
  };
}
