import { notFound } from "@oi/kernel/errors";
import { PAYMENT_REFERENCE_PATTERN } from "@oi/kernel/id";
import {
  type CheckoutFile,
  type DifferingMoney,
  differingMoneyOf,
  type LateMoney,
  lateMoneyOf,
} from "../domain/checkout.ts";
import type { PaymentGateways } from "./payment-gateway.ts";
import type { PaymentStore } from "./ports.ts";

export type CheckoutView = Omit<CheckoutFile, "lateSums" | "differing"> & {
  readonly lateMoney: LateMoney | null;
  readonly differingMoney: DifferingMoney | null;
  readonly gatewayOrigins: readonly string[];
};
export type GetCheckout = (reference: string) => Promise<CheckoutView>;

/** Reads a checkout; changes nothing. Raises RESOURCE_NOT_FOUND, the same for a malformed reference. */
export function getCheckout(ports: { payments: PaymentStore; gateways: PaymentGateways }): GetCheckout {
  return async (reference) => {
    const isReference = PAYMENT_REFERENCE_PATTERN.test(reference);
    const file = isReference ? await ports.payments.checkoutByReference(reference) : null;
    if (!file) throw notFound("Payment");
    const { lateSums, differing, ...same } = file;
    const gatewayOrigins = ports.gateways.redirectOrigins(file.payment.scope.mode);
    const differingMoney = differingMoneyOf(differing);
    return { ...same, lateMoney: lateMoneyOf(lateSums), differingMoney, gatewayOrigins };
  };
}
