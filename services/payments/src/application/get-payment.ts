import { notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Payment } from "../domain/payment.ts";
import type { PaymentStore } from "./ports.ts";

export type PaymentKey = { readonly id: number } | { readonly reference: string };
export type GetPayment = (key: PaymentKey, scope: Scope) => Promise<Payment>;

/** Reads one payment. Raises RESOURCE_NOT_FOUND, also for a payment of another application or mode. */
export function getPayment({ payments }: { payments: PaymentStore }): GetPayment {
  return async (key, scope) => {
    const payment =
      "id" in key ? await payments.byId(key.id, scope) : await payments.byReference(key.reference, scope);
    if (!payment) throw notFound("Payment");
    return payment;
  };
}
