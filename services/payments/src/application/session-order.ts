import type { Attempt } from "../domain/attempt.ts";
import type { SessionOrder } from "../domain/gateway.ts";
import type { PaymentFile } from "./ports.ts";

/** Where the gateway sends the browser back to and where it calls us, per payment. */
export type OrderUrls = {
  readonly returnUrl: (outcome: "success" | "fail" | "cancel", reference: string) => string;
  readonly notificationUrl: string;
};

/** The edge's entry points below `publicUrl`. */
export function orderUrls(publicUrl: string): OrderUrls {
  const entry = `${publicUrl}/api/v1/gateways/sslcommerz`;
  return {
    notificationUrl: `${entry}/ipn`,
    returnUrl: (outcome, reference) => `${entry}/return/${outcome}/${reference}`,
  };
}

export function sessionOrder(
  { payment, applicationName }: PaymentFile,
  attempt: Attempt,
  urls: OrderUrls,
): SessionOrder {
  const { reference, amount, customer, productName } = payment;
  return {
    merchantRef: attempt.merchantRef,
    amount,
    productName: productName ?? applicationName,
    customer: { name: customer.name, email: customer.email, phone: customer.phone },
    returnUrls: {
      success: urls.returnUrl("success", reference),
      fail: urls.returnUrl("fail", reference),
      cancel: urls.returnUrl("cancel", reference),
    },
    notificationUrl: urls.notificationUrl,
    paymentReference: reference,
    attemptNo: attempt.no,
  };
}
