import { invalid, notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Refund } from "../domain/refund.ts";
import { LIST_REACH } from "./list-payments.ts";
import type { RefundPage, RefundStore, RefundsListed } from "./refund-ports.ts";

export type GetRefund = (id: number, scope: Scope) => Promise<Refund>;

/** Reads one refund. Raises RESOURCE_NOT_FOUND, also for one of another application or mode. */
export function getRefund({ refunds }: { refunds: RefundStore }): GetRefund {
  return async (id, scope) => {
    const refund = await refunds.byId(id, scope);
    if (!refund) throw notFound("Refund");
    return refund;
  };
}

export type ListRefunds = (paymentId: number, scope: Scope, page: RefundPage) => Promise<RefundsListed>;

/** Lists the refunds of one payment. Raises RESOURCE_NOT_FOUND, and VALIDATION_ERROR for a page out of reach. */
export function listRefunds({ refunds }: { refunds: RefundStore }): ListRefunds {
  return async (paymentId, scope, page) => {
    if (page.skip + page.limit > LIST_REACH) throw invalid({ page: `pages reach ${LIST_REACH} refunds` });
    const listed = await refunds.list(paymentId, scope, page);
    if (!listed) throw notFound("Payment");
    return listed;
  };
}
