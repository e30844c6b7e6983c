import { create } from "@bufbuild/protobuf";
import {
  type Payment as PaymentMessage,
  PaymentSchema,
  PaymentStatus as Status,
} from "@oi/proto/payments/v1/payment";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import { isPaid, type Payment, type PaymentStatus } from "../../domain/payment.ts";

const STATUS: Readonly<Record<PaymentStatus, Status>> = {
  CREATED: Status.CREATED,
  PENDING: Status.PENDING,
  SUCCEEDED: Status.SUCCEEDED,
  FAILED: Status.FAILED,
  CANCELLED: Status.CANCELLED,
  EXPIRED: Status.EXPIRED,
  PARTIALLY_REFUNDED: Status.PARTIALLY_REFUNDED,
  REFUNDED: Status.REFUNDED,
};

export function statusMessage(status: PaymentStatus): Status {
  return STATUS[status];
}

/** The status that a filter names; null for unspecified. */
export function statusFrom(message: Status): PaymentStatus | null {
  const found = Object.entries(STATUS).find(([, number]) => number === message);
  return (found?.[0] as PaymentStatus | undefined) ?? null;
}

export type PaymentMapper = (payment: Payment) => PaymentMessage;

/** A payment as it travels. `publicUrl` is where customers reach the checkout. */
export function paymentMapper(publicUrl: string): PaymentMapper {
  return (payment) => {
    const paid = isPaid(payment) ? payment.paid : null;
    const failureReason = "failureReason" in payment ? payment.failureReason : null;
    return create(PaymentSchema, {
      id: BigInt(payment.id),
      reference: payment.reference,
      status: STATUS[payment.status],
      applicationId: BigInt(payment.scope.applicationId),
      mode: modeToProto(payment.scope.mode),
      amount: payment.amount,
      customerReference: payment.customer.reference,
      gateway: payment.gateway,
      checkoutUrl: `${publicUrl}/checkout/${payment.reference}`,
      refundedMinor: paid?.refundedMinor ?? 0n,
      underReview: payment.reviewReasons.length > 0,
      expiresAt: toTimestamp(payment.expiresAt),
      createdAt: toTimestamp(payment.createdAt),
      updatedAt: toTimestamp(payment.updatedAt),
      version: BigInt(payment.version),
      ...(payment.productName === null ? {} : { productName: payment.productName }),
      ...(payment.redirectUrl === null ? {} : { redirectUrl: payment.redirectUrl }),
      ...(failureReason === null ? {} : { failureReason }),
      ...(paid
        ? { gatewayTxnId: paid.gatewayTxnId, riskLevel: paid.riskLevel, paidAt: toTimestamp(paid.at) }
        : {}),
    });
  };
}
