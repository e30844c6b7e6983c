import { notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Refund } from "../domain/refund.ts";
import type { PaymentStore } from "./ports.ts";
import type { RefundStore } from "./refund-ports.ts";

export type GetRefund = (id: number, scope: Scope) => Promise<Refund>;

/** Reads one refund. Raises RESOURCE_NOT_FOUND, also for one of another application or mode. */
export function getRefund({ refunds }: { refunds: RefundStore }): GetRefund {
  return async (id, scope) => {
    const refund = await refunds.byId(id, scope);
    if (!refund) throw notFound("Refund");
    return refund;
  };
}

/** Far more than any payment has; it keeps the cost of the answer bounded. */
export const LIST_LIMIT = 1_000;

export type ListRefunds = (paymentId: number, scope: Scope) => Promise<readonly Refund[]>;

/** Lists the refunds of one payment, newest first. Raises RESOURCE_NOT_FOUND. */
export function listRefunds(ports: { payments: PaymentStore; refunds: RefundStore }): ListRefunds {
  return async (paymentId, scope) => {
    if (!(await ports.payments.byId(paymentId, scope))) throw notFound("Payment");
    return ports.refunds.list(paymentId, scope, LIST_LIMIT);
  };
}
