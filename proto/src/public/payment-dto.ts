import { ModeSchema } from "../../gen/oi/common/v1/mode_pb.ts";
import { type Payment, PaymentStatusSchema } from "../../gen/oi/payments/v1/payment_pb.ts";
import { enumName } from "./enum-name.ts";
import { exactNumber } from "./exact-number.ts";
import { isoOrNull } from "./time.ts";

/** The public shape of a payment: the REST answer's `data` and a webhook's `data`. Every key is always present. */
export type PaymentDto = {
  readonly id: number;
  readonly reference: string;
  readonly status: string;
  readonly applicationId: number;
  readonly mode: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly customerReference: string;
  readonly productName: string | null;
  readonly gateway: string;
  readonly gatewayTxnId: string | null;
  readonly checkoutUrl: string;
  readonly redirectUrl: string | null;
  readonly invoiceId: number | null;
  readonly refundedMinor: number;
  readonly failureReason: string | null;
  readonly riskLevel: number | null;
  readonly underReview: boolean;
  readonly expiresAt: string | null;
  readonly paidAt: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
};

/** The one rendering of a payment for the public; edge and webhooks call this same function. */
export function paymentDto(payment: Payment): PaymentDto {
  return {
    id: exactNumber(payment.id),
    reference: payment.reference,
    status: enumName(PaymentStatusSchema, payment.status),
    applicationId: exactNumber(payment.applicationId),
    mode: enumName(ModeSchema, payment.mode),
    amountMinor: exactNumber(payment.amount?.amountMinor ?? 0n),
    currency: payment.amount?.currency ?? "",
    customerReference: payment.customerReference,
    productName: payment.productName ?? null,
    gateway: payment.gateway,
    gatewayTxnId: payment.gatewayTxnId ?? null,
    checkoutUrl: payment.checkoutUrl,
    redirectUrl: payment.redirectUrl ?? null,
    invoiceId: payment.invoiceId === undefined ? null : exactNumber(payment.invoiceId),
    refundedMinor: exactNumber(payment.refundedMinor),
    failureReason: payment.failureReason ?? null,
    riskLevel: payment.riskLevel ?? null,
    underReview: payment.underReview,
    expiresAt: isoOrNull(payment.expiresAt),
    paidAt: isoOrNull(payment.paidAt),
    createdAt: isoOrNull(payment.createdAt),
    updatedAt: isoOrNull(payment.updatedAt),
  };
}
