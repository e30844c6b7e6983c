import { ModeSchema } from "../../gen/oi/common/v1/mode_pb.ts";
import type { Receipt } from "../../gen/oi/payments/v1/receipt_pb.ts";
import { RefundStatusSchema } from "../../gen/oi/payments/v1/refund_pb.ts";
import { enumName } from "./enum-name.ts";
import { exactNumber } from "./exact-number.ts";
import { isoOrNull } from "./time.ts";

type MethodDto = {
  readonly channel: string;
  readonly brand: string;
  readonly issuer: string;
  readonly country: string;
  readonly last4: string | null;
};

/** The public shape of a receipt. Every key is always present. */
export type ReceiptDto = {
  readonly receiptNumber: number;
  readonly issuedAt: string | null;
  readonly application: { readonly name: string };
  readonly payment: {
    readonly reference: string;
    readonly amountMinor: number;
    readonly amountDisplay: string;
    readonly currency: string;
    readonly paidAt: string | null;
    readonly method: MethodDto | null;
    readonly gatewayTxnId: string;
    readonly productName: string | null;
  };
  readonly customer: {
    readonly name: string | null;
    readonly email: string | null;
    readonly phone: string | null;
    readonly reference: string;
  };
  readonly refunds: readonly {
    readonly id: number;
    readonly amountMinor: number;
    readonly amountDisplay: string;
    readonly status: string;
    readonly createdAt: string | null;
  }[];
  readonly netMinor: number;
  readonly netDisplay: string;
  readonly amountInWords: { readonly en: string; readonly bn: string } | null;
  readonly mode: string;
  readonly verificationUrl: string;
};

/** The one rendering of a receipt as JSON. */
export function receiptDto(receipt: Receipt): ReceiptDto {
  const { amountInWords: words } = receipt;
  return {
    receiptNumber: exactNumber(receipt.receiptNumber),
    issuedAt: isoOrNull(receipt.issuedAt),
    application: { name: receipt.applicationName },
    payment: paymentOf(receipt),
    customer: {
      name: receipt.customerName ?? null,
      email: receipt.customerEmail ?? null,
      phone: receipt.customerPhone ?? null,
      reference: receipt.customerReference,
    },
    refunds: receipt.refunds.map((refund) => ({
      id: exactNumber(refund.id),
      amountMinor: exactNumber(refund.amount?.amountMinor ?? 0n),
      amountDisplay: refund.amountDisplay,
      status: enumName(RefundStatusSchema, refund.status),
      createdAt: isoOrNull(refund.createdAt),
    })),
    netMinor: exactNumber(receipt.netMinor),
    netDisplay: receipt.netDisplay,
    amountInWords: words ? { en: words.en, bn: words.bn } : null,
    mode: enumName(ModeSchema, receipt.mode),
    verificationUrl: receipt.verificationUrl,
  };
}

function paymentOf(receipt: Receipt): ReceiptDto["payment"] {
  const { method } = receipt;
  return {
    reference: receipt.paymentReference,
    amountMinor: exactNumber(receipt.amount?.amountMinor ?? 0n),
    amountDisplay: receipt.amountDisplay,
    currency: receipt.amount?.currency ?? "",
    paidAt: isoOrNull(receipt.paidAt),
    method: method
      ? {
          channel: method.channel,
          brand: method.brand,
          issuer: method.issuer,
          country: method.country,
          last4: method.last4 ?? null,
        }
      : null,
    gatewayTxnId: receipt.gatewayTxnId,
    productName: receipt.productName ?? null,
  };
}
