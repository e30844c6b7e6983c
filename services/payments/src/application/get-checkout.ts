import { notFound } from "@oi/kernel/errors";
import { PAYMENT_REFERENCE_PATTERN } from "@oi/kernel/id";
import type { PaymentGateways } from "./payment-gateway.ts";
import type { PaymentFile, PaymentStore } from "./ports.ts";

export type CheckoutView = PaymentFile & { readonly gatewayOrigins: readonly string[] };
export type GetCheckout = (reference: string) => Promise<CheckoutView>;

/** Reads a checkout; changes nothing. Raises RESOURCE_NOT_FOUND, the same for a malformed reference. */
export function getCheckout(ports: { payments: PaymentStore; gateways: PaymentGateways }): GetCheckout {
  return async (reference) => {
    const file = await loadFile(ports.payments, reference);
    const { mode } = file.payment.scope;
    return { ...file, gatewayOrigins: ports.gateways.redirectOrigins(mode) };
  };
}

export async function loadFile(payments: PaymentStore, reference: string): Promise<PaymentFile> {
  const file = PAYMENT_REFERENCE_PATTERN.test(reference) ? await payments.fileByReference(reference) : null;
  if (!file) throw notFound("Payment");
  return file;
}
