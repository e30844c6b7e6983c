import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { Mode } from "../../gen/oi/common/v1/mode_pb.ts";
import { ReceiptSchema } from "../../gen/oi/payments/v1/receipt_pb.ts";
import { RefundSchema, RefundStatus } from "../../gen/oi/payments/v1/refund_pb.ts";
import { receiptDto } from "./receipt-dto.ts";
import { refundDto } from "./refund-dto.ts";
import { toTimestamp } from "./time.ts";

const AT = toTimestamp(1_780_567_200_123);
const ISO = "2026-06-04T10:00:00.123Z";

it("shows a refund with every key, with null where there is nothing", () => {
  const refund = create(RefundSchema, {
    id: 7n,
    paymentId: 100n,
    mode: Mode.TEST,
    amount: { amountMinor: 2_500n, currency: "BDT" },
    status: RefundStatus.PENDING,
    createdBy: "app:42",
    createdAt: AT,
    updatedAt: AT,
  });
  expect(Object.entries(refundDto(refund))).toEqual([
    ["id", 7],
    ["paymentId", 100],
    ["mode", "TEST"],
    ["amountMinor", 2_500],
    ["currency", "BDT"],
    ["reason", null],
    ["status", "PENDING"],
    ["gatewayRefundId", null],
    ["createdBy", "app:42"],
    ["approvedBy", null],
    ["failureReason", null],
    ["createdAt", ISO],
    ["updatedAt", ISO],
  ]);
});

it("shows a receipt with every key, with null where there is nothing", () => {
  const receipt = create(ReceiptSchema, {
    receiptNumber: 3n,
    issuedAt: AT,
    applicationName: "Storefront",
    mode: Mode.TEST,
    paymentReference: "pay_1",
    amount: { amountMinor: 10_000n, currency: "BDT" },
    amountDisplay: "৳100.00",
    paidAt: AT,
    method: { channel: "VISA-Test", brand: "VISA", issuer: "Bank", country: "BD" },
    gatewayTxnId: "bank_1",
    customerReference: "cust_123",
    refunds: [
      {
        id: 7n,
        amount: { amountMinor: 2_500n, currency: "BDT" },
        amountDisplay: "৳25.00",
        status: RefundStatus.SUCCEEDED,
        createdAt: AT,
      },
    ],
    netMinor: 7_500n,
    netDisplay: "৳75.00",
    verificationUrl: "https://pay.example/checkout/pay_1/receipt",
  });
  expect(receiptDto(receipt)).toEqual({
    receiptNumber: 3,
    issuedAt: ISO,
    application: { name: "Storefront" },
    payment: {
      reference: "pay_1",
      amountMinor: 10_000,
      amountDisplay: "৳100.00",
      currency: "BDT",
      paidAt: ISO,
      method: { channel: "VISA-Test", brand: "VISA", issuer: "Bank", country: "BD", last4: null },
      gatewayTxnId: "bank_1",
      productName: null,
    },
    customer: { name: null, email: null, phone: null, reference: "cust_123" },
    refunds: [{ id: 7, amountMinor: 2_500, amountDisplay: "৳25.00", status: "SUCCEEDED", createdAt: ISO }],
    netMinor: 7_500,
    netDisplay: "৳75.00",
    amountInWords: null,
    mode: "TEST",
    verificationUrl: "https://pay.example/checkout/pay_1/receipt",
  });
});
