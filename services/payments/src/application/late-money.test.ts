import { beforeEach, describe, expect, it } from "vitest";
import {
  type AtGateway,
  HOUR_MS,
  MINUTE_MS,
  type PaymentDesk,
  paymentDesk,
} from "../testing/payment-desk.ts";

let desk: PaymentDesk;
let at: AtGateway;
beforeEach(async () => {
  desk = await paymentDesk({ latePaymentPolicy: "HOLD" });
  at = await desk.atGateway();
});

const kinds = (): string[] => [...desk.world.book.charges.values()].map(({ kind }) => kind);
const payment = async () => (await desk.file(at.reference)).payment;
const receipts = async (): Promise<number> =>
  (await desk.events(at.reference)).filter((type) => type === "late_receipt.recorded").length;

describe("money after the end", () => {
  const endings = [
    ["FAILED", () => desk.gateway.fail(at.merchantRef), 2 * MINUTE_MS],
    ["CANCELLED", () => desk.gateway.cancel(at.merchantRef), MINUTE_MS],
    ["EXPIRED", () => desk.gateway.setPending(at.merchantRef, "unattempted"), 31 * MINUTE_MS],
  ] as const;
  for (const [status, end, after] of endings) {
    it(`of a payment that is ${status} is recorded, told and held, and reopens nothing`, async () => {
      end();
      await desk.wait(after);
      expect(await desk.status(at.reference)).toBe(status);
      const { version } = await payment();
      desk.gateway.pay(at.merchantRef);
      await desk.callback(desk.gateway.callback(at.merchantRef));
      await desk.sweep();
      expect(await payment()).toMatchObject({ status, version, reviewReasons: ["LATE_MONEY_HELD"] });
      expect(kinds()).toEqual(["LATE"]);
      expect(await receipts()).toBe(1);
      expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
    });
  }

  it("is found without any callback, within six hours", async () => {
    desk.gateway.cancel(at.merchantRef);
    await desk.wait(HOUR_MS);
    desk.gateway.pay(at.merchantRef);
    await desk.wait(6 * HOUR_MS);
    expect(kinds()).toEqual(["LATE"]);
  });

  it("is recorded once, however often it is told", async () => {
    desk.gateway.cancel(at.merchantRef);
    await desk.wait(MINUTE_MS);
    desk.gateway.pay(at.merchantRef);
    for (let i = 0; i < 4; i++) {
      await desk.callback(desk.gateway.callback(at.merchantRef, { set: { copy: String(i) } }));
      await desk.sweep();
    }
    await desk.wait(HOUR_MS);
    expect(kinds()).toEqual(["LATE"]);
    expect(await receipts()).toBe(1);
  });

  it("is success a millisecond before our clock ends it, and late a moment after", async () => {
    const { expiresAt } = await payment();
    desk.world.clock.set(expiresAt - 1);
    desk.gateway.pay(at.merchantRef);
    await desk.sweep();
    expect(await desk.status(at.reference)).toBe("SUCCEEDED");
    at = await desk.atGateway();
    desk.gateway.setPending(at.merchantRef, "unattempted");
    desk.world.clock.set((await payment()).expiresAt);
    await desk.sweep();
    expect(await desk.status(at.reference)).toBe("EXPIRED");
    desk.gateway.pay(at.merchantRef);
    await desk.wait(5 * MINUTE_MS);
    expect(await desk.status(at.reference)).toBe("EXPIRED");
    expect(kinds()).toEqual(["SETTLEMENT", "LATE"]);
  });
});

describe("money beside the settlement", () => {
  it("in one answer settles once and is extra for the rest", async () => {
    desk.gateway.pay(at.merchantRef);
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    expect(kinds()).toEqual(["SETTLEMENT", "EXTRA"]);
    expect(await payment()).toMatchObject({
      status: "SUCCEEDED",
      version: 3,
      reviewReasons: ["LATE_MONEY_HELD"],
    });
    expect(await receipts()).toBe(1);
  });

  it("that a later callback names is asked about and recorded as extra", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef));
    await desk.sweep();
    expect(kinds()).toEqual(["SETTLEMENT", "EXTRA"]);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
  });

  it("on a session that was given up is extra when the next one settled", async () => {
    const { reference } = await desk.create();
    desk.gateway.setUnknown(
      "openSession",
      { outcome: "unknown", cause: "timeout", sent: true },
      "carried_out",
    );
    await expect(desk.open(reference)).rejects.toMatchObject({ reason: "GATEWAY_UNAVAILABLE" });
    desk.gateway.setUnknown("openSession", null);
    await desk.open(reference);
    desk.gateway.pay(`${reference}-2`);
    await desk.wait(MINUTE_MS);
    expect(await desk.status(reference)).toBe("SUCCEEDED");
    desk.gateway.pay(`${reference}-1`);
    await desk.wait(10 * MINUTE_MS);
    expect(kinds()).toEqual(["SETTLEMENT", "EXTRA"]);
  });
});

describe("money that the application wants returned", () => {
  const refunds = () => [...desk.world.book.refunds.values()].map(({ refund }) => refund);
  beforeEach(async () => {
    desk = await paymentDesk({ latePaymentPolicy: "REFUND" });
    at = await desk.atGateway();
  });

  it("goes back whole, once, against its own charge, however often it is told", async () => {
    desk.gateway.cancel(at.merchantRef);
    await desk.wait(MINUTE_MS);
    const { gatewayTxnId, charged } = desk.gateway.pay(at.merchantRef);
    for (let i = 0; i < 4; i++) {
      await desk.callback(desk.gateway.callback(at.merchantRef, { set: { copy: String(i) } }));
      await desk.sweep();
    }
    const orders = [...desk.gateway.refunds.values()].map(({ order }) => order);
    expect(orders).toMatchObject([{ gatewayTxnId, amount: charged }]);
    desk.gateway.completeRefund(orders[0]?.merchantRefundRef ?? "");
    await desk.wait(HOUR_MS);
    expect(refunds()).toMatchObject([
      { origin: "LATE_MONEY", createdBy: "system:late-money", status: "SUCCEEDED", version: 2 },
    ]);
    expect(await payment()).toMatchObject({ status: "CANCELLED", version: 3, reviewReasons: [] });
    expect(await desk.events(at.reference)).toEqual([
      "payment.created",
      "payment.opened",
      "payment.cancelled",
      "late_receipt.recorded",
      "refund.requested",
      "refund.succeeded",
    ]);
  });

  it("beside the settlement goes back, and the settlement stays", async () => {
    const first = desk.gateway.pay(at.merchantRef);
    const second = desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    expect(kinds()).toEqual(["SETTLEMENT", "EXTRA"]);
    const returned = [...desk.gateway.refunds.values()].map(({ order }) => order.gatewayTxnId);
    expect(returned).toEqual([second.gatewayTxnId]);
    expect(await payment()).toMatchObject({
      status: "SUCCEEDED",
      paid: { gatewayTxnId: first.gatewayTxnId },
    });
    const { reservedMinor } = (await desk.world.refunds.basis(at.id, desk.scope)) ?? {};
    expect(reservedMinor).toBe(0n);
  });

  it("that the gateway refuses to return lies with us, flagged, and may be returned by an operator", async () => {
    desk.gateway.refuse("refund", "Refund not allowed");
    desk.gateway.cancel(at.merchantRef);
    await desk.wait(MINUTE_MS);
    const { charged } = desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef));
    await desk.sweep();
    expect(refunds()).toMatchObject([{ status: "FAILED", failureReason: "Refund not allowed" }]);
    expect((await payment()).reviewReasons).toEqual(["LATE_MONEY_HELD"]);
    desk.gateway.refuse("refund", null);
    const receiptId = refunds()[0]?.chargeId ?? 0;
    const operator = { receiptId, byOperator: true, createdBy: "rahim" };
    await expect(desk.refund(at.id, charged.amountMinor - 1n, operator)).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
    });
    await desk.refund(at.id, charged.amountMinor, operator);
    await desk.sweep();
    expect(refunds().map(({ status }) => status)).toEqual(["FAILED", "PENDING"]);
    await expect(desk.refund(at.id, charged.amountMinor, operator)).rejects.toMatchObject({
      reason: "INVALID_OPERATION_STATE",
    });
  });
});
