import { fromJsonString } from "@bufbuild/protobuf";
import { PaymentEventSchema, RefundEventSchema } from "@oi/proto/payments/v1/payments_events";
import { paymentDto } from "@oi/proto/public/payment-dto";
import { refundDto } from "@oi/proto/public/refund-dto";
import { expect, it } from "vitest";
import { renderBody } from "./body.ts";

/** proto3 JSON as it arrives: int64 is text, defaults are left out. */
const ARRIVED = `{"applicationId":"7","mode":"MODE_TEST","occurredAt":"2026-06-04T10:00:00.123Z","paymentId":"100",
 "gateway":"sslcommerz","amount":{"amountMinor":"150000","currency":"BDT"},"unknownField":true,
 "payment":{"id":"100","reference":"pay_1CkX7cXQv1mTz4YhR2bJ8n","status":"PAYMENT_STATUS_SUCCEEDED","applicationId":"7",
 "mode":"MODE_TEST","amount":{"amountMinor":"150000","currency":"BDT"},"customerReference":"গ্রাহক-1","gateway":"SSLCOMMERZ",
 "gatewayTxnId":"TX1","checkoutUrl":"https://pay.example/c/1","riskLevel":0,"expiresAt":"2026-06-04T10:30:00Z",
 "paidAt":"2026-06-04T10:00:00.123Z","createdAt":"2026-06-04T09:59:00Z","updatedAt":"2026-06-04T10:00:00.123Z",
 "version":"3"}}`;

const GOLDEN =
  '{"id":"evt_1CkX7cXQv1mTz4YhR2bJ8n","type":"payment.succeeded","schemaVersion":1,"mode":"TEST",' +
  '"createdAt":"2026-06-04T10:00:00.123Z","sequence":3,"data":{"id":100,"reference":"pay_1CkX7cXQv1mTz4YhR2bJ8n",' +
  '"status":"SUCCEEDED","applicationId":7,"mode":"TEST","amountMinor":150000,"currency":"BDT",' +
  '"customerReference":"গ্রাহক-1","productName":null,"gateway":"SSLCOMMERZ","gatewayTxnId":"TX1",' +
  '"checkoutUrl":"https://pay.example/c/1","redirectUrl":null,"invoiceId":null,"refundedMinor":0,' +
  '"failureReason":null,"riskLevel":0,"underReview":false,"expiresAt":"2026-06-04T10:30:00.000Z",' +
  '"paidAt":"2026-06-04T10:00:00.123Z","createdAt":"2026-06-04T09:59:00.000Z","updatedAt":"2026-06-04T10:00:00.123Z"}}';

it("renders version 1 exactly: key order, no spaces, numbers as numbers", () => {
  const { payment } = fromJsonString(PaymentEventSchema, ARRIVED, { ignoreUnknownFields: true });
  if (!payment) throw new Error("the event holds no payment");
  const body = renderBody({
    id: "evt_1CkX7cXQv1mTz4YhR2bJ8n",
    subject: "payments.payment.succeeded",
    type: "payment.succeeded",
    applicationId: 7,
    mode: "TEST",
    aggregate: payment.reference,
    sequence: Number(payment.version),
    occurredAt: Date.parse("2026-06-04T10:00:00.123Z"),
    data: paymentDto(payment),
  });
  expect(body).toBe(GOLDEN);
});

const REFUND_ARRIVED = `{"applicationId":"7","mode":"MODE_LIVE","occurredAt":"2026-06-05T08:30:00Z","paymentId":"100",
 "refundId":"7","status":"REFUND_STATUS_FAILED","origin":"REFUND_ORIGIN_MERCHANT",
 "payment":{"id":"100","reference":"pay_1CkX7cXQv1mTz4YhR2bJ8n","version":"4"},
 "refund":{"id":"7","paymentId":"100","applicationId":"7","mode":"MODE_LIVE","amount":{"amountMinor":"2500","currency":"BDT"},
 "reason":"আকার ভুল","status":"REFUND_STATUS_FAILED","createdBy":"app:7","failureReason":"Refused by the bank",
 "createdAt":"2026-06-05T08:29:00Z","updatedAt":"2026-06-05T08:30:00Z","version":"2"}}`;

const REFUND_GOLDEN =
  '{"id":"evt_1CkX7cXQv1mTz4YhR2bJ8p","type":"refund.failed","schemaVersion":1,"mode":"LIVE",' +
  '"createdAt":"2026-06-05T08:30:00.000Z","sequence":4,"data":{"id":7,"paymentId":100,"mode":"LIVE",' +
  '"amountMinor":2500,"currency":"BDT","reason":"আকার ভুল","status":"FAILED","gatewayRefundId":null,' +
  '"createdBy":"app:7","approvedBy":null,"failureReason":"Refused by the bank",' +
  '"createdAt":"2026-06-05T08:29:00.000Z","updatedAt":"2026-06-05T08:30:00.000Z"}}';

it("renders a refund's event with the payment's version, as the same bytes for ever", () => {
  const { payment, refund } = fromJsonString(RefundEventSchema, REFUND_ARRIVED, {
    ignoreUnknownFields: true,
  });
  if (!payment || !refund) throw new Error("the event holds no refund of a payment");
  const body = renderBody({
    id: "evt_1CkX7cXQv1mTz4YhR2bJ8p",
    subject: "payments.refund.failed",
    type: "refund.failed",
    applicationId: 7,
    mode: "LIVE",
    aggregate: payment.reference,
    sequence: Number(payment.version),
    occurredAt: Date.parse("2026-06-05T08:30:00Z"),
    data: refundDto(refund),
  });
  expect(body).toBe(REFUND_GOLDEN);
});
