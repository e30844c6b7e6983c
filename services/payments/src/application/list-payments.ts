import { invalid } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Payment } from "../domain/payment.ts";
import type { PaymentFilter, PaymentStore } from "./ports.ts";

/** Pages reach this far; whoever wants more asks for a narrower time. It keeps the cost of a page bounded. */
export const LIST_REACH = 10_000;

export type ListPayments = (
  filter: PaymentFilter,
  scope: Scope,
) => Promise<{ readonly payments: readonly Payment[]; readonly total: number }>;

/** Lists payments of a customer. Raises VALIDATION_ERROR without a reference, or for a page out of reach. */
export function listPayments({ payments }: { payments: PaymentStore }): ListPayments {
  return async (filter, scope) => {
    if (filter.customerReference === null && filter.reference === null) {
      throw invalid({ customerReference: "is required unless reference is given" });
    }
    if (filter.skip + filter.limit > LIST_REACH)
      throw invalid({ page: `pages reach ${LIST_REACH} payments` });
    return payments.list(filter, scope);
  };
}
