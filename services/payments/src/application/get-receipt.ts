import { DomainError, notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import { isPaid } from "../domain/payment.ts";
import { type IssuedNumber, type Receipt, receiptOf } from "../domain/receipt.ts";
import { getPayment, type PaymentKey } from "./get-payment.ts";
import type { ApplicationStore, PaymentStore } from "./ports.ts";
import type { RefundStore } from "./refund-ports.ts";

export interface ReceiptStore {
  /** The payment's number: given now when it has none, the next of its application and mode, without a gap. */
  issue(paymentId: number, scope: Scope): Promise<IssuedNumber>;
}

/** Far more than any payment has; it keeps the cost of a receipt bounded. */
const NEWEST_REFUNDS = { ascending: false, skip: 0, limit: 1_000 };

export type GetReceipt = (key: PaymentKey, scope: Scope) => Promise<Receipt>;

/**
 * Reads a payment's receipt. The number is given by the first reading, not by the success: successes of one
 * application would otherwise queue up behind its counter. Raises RESOURCE_NOT_FOUND, INVALID_OPERATION_STATE.
 */
export function getReceipt(ports: {
  payments: PaymentStore;
  applications: ApplicationStore;
  refunds: RefundStore;
  receipts: ReceiptStore;
}): GetReceipt {
  const find = getPayment(ports);
  return async (key, scope) => {
    const payment = await find(key, scope);
    const application = await ports.applications.byId(scope.applicationId);
    if (!application?.receiptsEnabled) throw notFound("Receipt");
    const { status } = payment;
    if (!isPaid(payment)) {
      throw new DomainError("INVALID_OPERATION_STATE", "Only a payment that succeeded has a receipt.", {
        metadata: { status },
      });
    }
    const [basis, listed, issued] = await Promise.all([
      ports.refunds.basis(payment.id, scope),
      ports.refunds.list(payment.id, scope, NEWEST_REFUNDS),
      ports.receipts.issue(payment.id, scope),
    ]);
    const settlement = basis?.charges.find(({ kind }) => kind === "SETTLEMENT");
    if (!settlement) throw new Error(`payment ${payment.id} is paid without a charge`);
    return receiptOf(payment, settlement, listed?.refunds ?? [], issued, application.name);
  };
}
