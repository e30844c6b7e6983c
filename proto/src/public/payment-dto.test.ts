import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Mode } from "../../gen/oi/common/v1/mode_pb.ts";
import {
  type Payment,
  PaymentSchema,
  PaymentStatus,
  PaymentStatusSchema,
} from "../../gen/oi/payments/v1/payment_pb.ts";
import { enumName, enumNumber } from "./enum-name.ts";
import { paymentDto } from "./payment-dto.ts";
import { fromTimestamp, toTimestamp } from "./time.ts";

const AT = 1_780_567_200_123;

function payment(part: { id?: bigint; riskLevel?: number } = {}): Payment {
  return create(PaymentSchema, {
    id: 100n,
    reference: "pay_1111111111111111111111",
    status: PaymentStatus.PARTIALLY_REFUNDED,
    applicationId: 42n,
    mode: Mode.LIVE,
    amount: { amountMinor: 10_000n, currency: "BDT" },
    customerReference: "cust_123",
    gateway: "SSLCOMMERZ",
    checkoutUrl: "http://localhost:8080/checkout/pay_1111111111111111111111",
    refundedMinor: 2_500n,
    expiresAt: toTimestamp(AT),
    createdAt: toTimestamp(AT),
    updatedAt: toTimestamp(AT),
    version: 4n,
    ...part,
  });
}

describe("the public shape of a payment", () => {
  it("has every key, with null where there is nothing", () => {
    expect(Object.entries(paymentDto(payment()))).toEqual([
      ["id", 100],
      ["reference", "pay_1111111111111111111111"],
      ["status", "PARTIALLY_REFUNDED"],
      ["applicationId", 42],
      ["mode", "LIVE"],
      ["amountMinor", 10_000],
      ["currency", "BDT"],
      ["customerReference", "cust_123"],
      ["productName", null],
      ["gateway", "SSLCOMMERZ"],
      ["gatewayTxnId", null],
      ["checkoutUrl", "http://localhost:8080/checkout/pay_1111111111111111111111"],
      ["redirectUrl", null],
      ["invoiceId", null],
      ["refundedMinor", 2_500],
      ["failureReason", null],
      ["riskLevel", null],
      ["underReview", false],
      ["expiresAt", "2026-06-04T10:00:00.123Z"],
      ["paidAt", null],
      ["createdAt", "2026-06-04T10:00:00.123Z"],
      ["updatedAt", "2026-06-04T10:00:00.123Z"],
    ]);
  });

  it("shows a risk of 0, which is not nothing", () => {
    expect(paymentDto(payment({ riskLevel: 0 })).riskLevel).toBe(0);
  });

  it("refuses what a JSON number cannot hold", () => {
    expect(() => paymentDto(payment({ id: 2n ** 53n }))).toThrow(RangeError);
  });
});

describe("names and times", () => {
  it("strip the prefix of an enum, and know nothing else", () => {
    expect(enumName(PaymentStatusSchema, PaymentStatus.SUCCEEDED)).toBe("SUCCEEDED");
    expect(enumNumber(PaymentStatusSchema, "EXPIRED")).toBe(PaymentStatus.EXPIRED);
    expect(enumNumber(PaymentStatusSchema, "UNSPECIFIED")).toBeNull();
    expect(() => enumName(PaymentStatusSchema, 99)).toThrow(/no value 99/);
  });

  it("carry whole milliseconds, also before 1970", () => {
    for (const instant of [AT, 0, -1, 999, -1_001]) expect(fromTimestamp(toTimestamp(instant))).toBe(instant);
  });
});
