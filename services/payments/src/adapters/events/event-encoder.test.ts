import { fromJsonString } from "@bufbuild/protobuf";
import { systemRandom } from "@oi/platform/service/random";
import { Mode } from "@oi/proto/common/v1/mode";
import { MismatchEventSchema, RefundEventSchema } from "@oi/proto/payments/v1/payments_events";
import { RefundOrigin, RefundStatus } from "@oi/proto/payments/v1/refund";
import { paymentDto } from "@oi/proto/public/payment-dto";
import { refundDto } from "@oi/proto/public/refund-dto";
import { describe, expect, it } from "vitest";
import { chargeOf } from "../../domain/charge.ts";
import type { RefundChanged, RefundEventType } from "../../domain/events.ts";
import { markSucceeded, type PaidPayment } from "../../domain/payment.ts";
import { fail, newRefund, type PendingRefund, type Refund, succeed } from "../../domain/refund.ts";
import { sampleEvidence, samplePayment } from "../../testing/samples.ts";
import { applicationMessage } from "../rpc/application-message.ts";
import { paymentMapper } from "../rpc/payment-message.ts";
import { refundMessage } from "../rpc/refund-message.ts";
import { eventEncoder } from "./event-encoder.ts";

const NOW = Date.parse("2026-06-04T10:00:00.123Z");
const paymentMessage = paymentMapper("https://pay.example");
const encode = eventEncoder({ random: systemRandom(), paymentMessage, refundMessage, applicationMessage });

const unpaid = samplePayment(NOW, { id: 100, scope: { applicationId: 42, mode: "TEST" } });
const paid: PaidPayment = markSucceeded(
  unpaid,
  { at: NOW, gatewayTxnId: "bank_1", riskLevel: 0, refundedMinor: 0n },
  NOW,
).payment;

function refundOf(part: Partial<Parameters<typeof newRefund>[0]> = {}): PendingRefund {
  const amount = { amountMinor: 2_500n, currency: "BDT" };
  const facts = {
    id: 7,
    reference: "rf_1",
    paymentId: 100,
    scope: paid.scope,
    chargeId: 9,
    reason: "Broken",
  };
  const refund = newRefund(
    {
      ...facts,
      amount,
      gatewayAmount: amount,
      origin: "MERCHANT",
      originRef: "",
      createdBy: "app:42",
      needsApproval: false,
      ...part,
    },
    NOW,
  );
  if (refund.status !== "PENDING") throw new Error("nobody has to agree");
  return refund;
}

function told(type: RefundEventType, refund: Refund, payment: PaidPayment = paid) {
  const event: RefundChanged = { kind: "refund", type, occurredAt: NOW, payment, refund, attemptId: 11 };
  const encoded = encode(event);
  return { encoded, message: fromJsonString(RefundEventSchema, encoded.payload) };
}

const PUBLIC_KEYS = [
  "id",
  "paymentId",
  "mode",
  "amountMinor",
  "currency",
  "reason",
  "status",
  "gatewayRefundId",
  "createdBy",
  "approvedBy",
  "failureReason",
  "createdAt",
  "updatedAt",
];

describe("the event of a refund", () => {
  it("that succeeded holds the whole public refund, and the payment at the version that its success made", () => {
    const after: PaidPayment = { ...paid, status: "PARTIALLY_REFUNDED", version: paid.version + 1 };
    const { encoded, message } = told("refund.succeeded", succeed(refundOf(), "R-1", NOW + 5), after);
    expect(encoded).toMatchObject({
      subject: "payments.refund.succeeded",
      aggregate: paid.reference,
      version: after.version,
      headers: { "ce-type": "payments.refund.succeeded", "ce-subject": paid.reference },
    });
    if (!message.refund || !message.payment) throw new Error("a refund's event holds both");
    const dto = refundDto(message.refund);
    expect(Object.keys(dto)).toEqual(PUBLIC_KEYS);
    expect(dto).toEqual({
      id: 7,
      paymentId: 100,
      mode: "TEST",
      amountMinor: 2_500,
      currency: "BDT",
      reason: "Broken",
      status: "SUCCEEDED",
      gatewayRefundId: "R-1",
      createdBy: "app:42",
      approvedBy: null,
      failureReason: null,
      createdAt: "2026-06-04T10:00:00.123Z",
      updatedAt: "2026-06-04T10:00:00.128Z",
    });
    expect(message.payment.version).toBe(BigInt(encoded.version));
    expect(paymentDto(message.payment)).toEqual(paymentDto(paymentMessage(after)));
    expect(message).toMatchObject({
      applicationId: 42n,
      mode: Mode.TEST,
      refundId: 7n,
      attemptId: 11n,
      gateway: "sslcommerz",
      status: RefundStatus.SUCCEEDED,
      origin: RefundOrigin.MERCHANT,
      originRef: "",
      amount: { amountMinor: 2_500n, currency: "BDT" },
    });
  });

  it("names no settlement where the gateway settles in the currency it charged", () => {
    expect(told("refund.requested", refundOf()).message.settlement).toBeUndefined();
  });

  it("that failed says why, and leaves the payment's version where it was", () => {
    const { encoded, message } = told("refund.failed", fail(refundOf(), "Window closed", NOW));
    expect(encoded.version).toBe(paid.version);
    if (!message.refund) throw new Error("a refund's event holds it");
    expect(refundDto(message.refund)).toMatchObject({ status: "FAILED", failureReason: "Window closed" });
  });

  it.each([
    ["LATE_MONEY", "9", RefundOrigin.LATE_MONEY],
    ["MISMATCH", "11", RefundOrigin.MISMATCH],
  ] as const)(
    "of %s names whose money goes back, and what the gateway takes from us",
    (origin, originRef, number) => {
      const gatewayAmount = { amountMinor: 300_000n, currency: "BDT" };
      const amount = { amountMinor: 2_500n, currency: "USD" };
      const { message } = told("refund.requested", refundOf({ origin, originRef, amount, gatewayAmount }));
      expect(message).toMatchObject({
        origin: number,
        originRef,
        amount,
        settlement: { currency: "BDT", grossMinor: 300_000n },
        refund: { origin: number, originRef },
      });
    },
  );
});

it("the event of a confirmed mismatch tells what came, not what was asked", () => {
  const charged = { amountMinor: 1_000n, currency: "BDT" };
  const evidence = sampleEvidence(unpaid, "m-1", { charged, gross: charged, settled: null });
  const charge = { ...chargeOf("MISMATCH", evidence, "sslcommerz-test", NOW), id: 9, attemptId: 11 };
  const encoded = encode({ kind: "mismatch", occurredAt: NOW, payment: unpaid, charge });
  expect(encoded).toMatchObject({ subject: "payments.mismatch.confirmed", version: unpaid.version });
  expect(fromJsonString(MismatchEventSchema, encoded.payload)).toMatchObject({
    applicationId: 42n,
    mode: Mode.TEST,
    paymentId: 100n,
    attemptId: 11n,
    gateway: "sslcommerz",
    amount: charged,
    settlement: { currency: "BDT", grossMinor: 1_000n },
    payment: { amount: unpaid.amount },
  });
});
