import { create } from "@bufbuild/protobuf";
import { type Receipt as ReceiptMessage, ReceiptSchema } from "@oi/proto/payments/v1/receipt";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { PaymentMethod } from "../../domain/gateway.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { refundStatusMessage } from "./refund-message.ts";

export type ReceiptMapper = (receipt: Receipt) => ReceiptMessage;

/** A receipt as it travels. `publicUrl` is where anybody reaches the checkout's own receipt page. */
export function receiptMapper(publicUrl: string): ReceiptMapper {
  return (receipt) => {
    const { payment, amountInWords } = receipt;
    const { customer, productName } = payment;
    return create(ReceiptSchema, {
      receiptNumber: BigInt(receipt.number),
      issuedAt: toTimestamp(receipt.issuedAt),
      applicationName: receipt.applicationName,
      mode: modeToProto(payment.scope.mode),
      paymentId: BigInt(payment.id),
      paymentReference: payment.reference,
      amount: payment.amount,
      amountDisplay: receipt.amountDisplay,
      paidAt: toTimestamp(payment.paid.at),
      method: methodMessage(receipt.method),
      gatewayTxnId: payment.paid.gatewayTxnId,
      customerReference: customer.reference,
      refunds: receipt.refunds.map((refund) => ({
        id: BigInt(refund.id),
        amount: refund.amount,
        amountDisplay: refund.amountDisplay,
        status: refundStatusMessage(refund.status),
        createdAt: toTimestamp(refund.createdAt),
      })),
      netMinor: receipt.netMinor,
      netDisplay: receipt.netDisplay,
      verificationUrl: `${publicUrl}/checkout/${payment.reference}/receipt`,
      ...(amountInWords === null ? {} : { amountInWords }),
      ...(productName === null ? {} : { productName }),
      ...(customer.name === null ? {} : { customerName: customer.name }),
      ...(customer.email === null ? {} : { customerEmail: customer.email }),
      ...(customer.phone === null ? {} : { customerPhone: customer.phone }),
    });
  };
}

function methodMessage({ last4, ...method }: PaymentMethod) {
  return { ...method, ...(last4 === null ? {} : { last4 }) };
}
