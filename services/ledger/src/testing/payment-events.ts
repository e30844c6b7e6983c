import { create, type JsonObject, toJson } from "@bufbuild/protobuf";
import { eventId } from "@oi/kernel/id";
import type { InboundEvent } from "@oi/platform/events/envelope";
import { Mode } from "@oi/proto/common/v1/mode";
import {
  LateReceiptEventSchema,
  PaymentEventSchema,
  RefundEventSchema,
} from "@oi/proto/payments/v1/payments_events";
import { RefundOrigin, RefundStatus } from "@oi/proto/payments/v1/refund";
import { toTimestamp } from "@oi/proto/public/time";
import { OCCURRED_AT, unique } from "./facts.ts";

export const SUCCEEDED = "payments.payment.succeeded";
export const LATE_RECORDED = "payments.late_receipt.recorded";

export type ChargeOptions = {
  readonly applicationId: number;
  readonly paymentId: number;
  readonly amountMinor?: bigint;
};

function charge({ applicationId, paymentId, amountMinor = 60_000n }: ChargeOptions) {
  return {
    applicationId: BigInt(applicationId),
    mode: Mode.LIVE,
    occurredAt: toTimestamp(OCCURRED_AT),
    paymentId: BigInt(paymentId),
    attemptId: 9n,
    gateway: "sslcommerz",
    amount: { amountMinor, currency: "BDT" },
    settlement: { currency: "BDT", grossMinor: amountMinor, storeMinor: amountMinor - 1n },
    payment: { id: BigInt(paymentId), gatewayTxnId: "GW-1" },
  };
}

/** The payload of a success, as `payments` writes it. */
export function succeeded(options: ChargeOptions): JsonObject {
  return toJson(PaymentEventSchema, create(PaymentEventSchema, charge(options))) as JsonObject;
}

export function lateRecorded(options: ChargeOptions, receiptId: number): JsonObject {
  const message = create(LateReceiptEventSchema, { ...charge(options), receiptId: BigInt(receiptId) });
  return toJson(LateReceiptEventSchema, message) as JsonObject;
}

/** A refund of late money, in whichever state; the subject says what became of it. */
export function refunded(
  options: ChargeOptions & { readonly refundId: number; readonly originRef: string },
): JsonObject {
  const message = create(RefundEventSchema, {
    ...charge(options),
    refundId: BigInt(options.refundId),
    status: RefundStatus.PENDING,
    origin: RefundOrigin.LATE_MONEY,
    originRef: options.originRef,
  });
  return toJson(RefundEventSchema, message) as JsonObject;
}

export function freshEventId(): string {
  return eventId(unique(), new Uint8Array(10));
}

export function inbound(subject: string, payload: JsonObject | string, id = freshEventId()): InboundEvent {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return { id, subject, headers: { "ce-id": id }, payload: text, deliveries: 1 };
}
