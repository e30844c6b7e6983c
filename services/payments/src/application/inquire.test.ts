import { beforeEach, describe, expect, it } from "vitest";
import type { PaidEvidence, Unknown } from "../domain/gateway.ts";
import {
  type AtGateway,
  HOUR_MS,
  MINUTE_MS,
  type PaymentDesk,
  paymentDesk,
} from "../testing/payment-desk.ts";

const DAY_MS = 24 * HOUR_MS;
const SILENCE: Unknown = { outcome: "unknown", cause: "http_status", sent: true };

let desk: PaymentDesk;
let at: AtGateway;
beforeEach(async () => {
  desk = await paymentDesk();
  at = await desk.atGateway();
});

const payment = async () => (await desk.file(at.reference)).payment;
const attempts = async () => (await desk.file(at.reference)).attempts;
const inquiries = () => desk.world.inquiries(at.id);

describe("without any callback", () => {
  it("a payment is found paid at the first inquiry, half a minute after its opening", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "SUCCEEDED" });
    expect(await inquiries()).toEqual(["inquire paid"]);
    const paidAt = desk.world.now();
    expect((await attempts())[0]).toMatchObject({
      state: "PAID",
      paidAt,
      nextInquiryAt: paidAt + 15 * MINUTE_MS,
    });
  });

  it("a payment that is made at any moment is found within ten minutes", async () => {
    for (const minute of [2, 7, 18, 29]) {
      const late = await desk.atGateway();
      await desk.wait(minute * MINUTE_MS);
      desk.gateway.pay(late.merchantRef);
      await desk.wait(10 * MINUTE_MS);
      expect(await desk.status(late.reference)).toBe("SUCCEEDED");
    }
  });

  it("a payment fails after the gateway said so twice, a quarter of a minute apart", async () => {
    desk.gateway.fail(at.merchantRef, "Insufficient balance");
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "PENDING" });
    desk.world.clock.advance(14_999);
    await desk.sweep();
    expect(await inquiries()).toHaveLength(1);
    desk.world.clock.advance(1);
    await desk.sweep();
    expect(await payment()).toMatchObject({
      status: "FAILED",
      failureReason: "Insufficient balance",
      version: 3,
    });
  });

  it("a failure that is followed by a good try is no failure", async () => {
    desk.gateway.fail(at.merchantRef);
    await desk.wait(MINUTE_MS / 2);
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    expect(await payment()).toMatchObject({ status: "SUCCEEDED" });
    expect(await desk.events(at.reference)).not.toContain("payment.failed");
  });

  it("a failure that was followed by a new try needs its two answers again", async () => {
    desk.gateway.fail(at.merchantRef);
    await desk.wait(MINUTE_MS / 2);
    desk.gateway.setPending(at.merchantRef, "open");
    await desk.wait(MINUTE_MS / 2);
    desk.gateway.fail(at.merchantRef);
    await desk.wait(MINUTE_MS);
    expect(await payment()).toMatchObject({ status: "PENDING" });
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "FAILED" });
  });

  it("a payment is cancelled when the gateway says so", async () => {
    desk.gateway.cancel(at.merchantRef);
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "CANCELLED" });
    expect(await desk.events(at.reference)).toContain("payment.cancelled");
  });

  it("an expired session leaves the payment open for another one", async () => {
    desk.gateway.expire(at.merchantRef);
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "PENDING" });
    await desk.open(at.reference);
    expect((await attempts()).map(({ state }) => state)).toEqual(["EXPIRED", "OPEN"]);
  });

  it("nothing ever moves while the gateway is silent, and a person looks after a week", async () => {
    desk.gateway.setUnknown("inquire", SILENCE);
    await desk.wait(7 * DAY_MS);
    expect(await payment()).toMatchObject({ status: "PENDING", reviewReasons: [] });
    await desk.wait(2 * DAY_MS);
    expect(await payment()).toMatchObject({ status: "PENDING", reviewReasons: ["STUCK_UNKNOWN"] });
    desk.gateway.pay(at.merchantRef);
    desk.gateway.setUnknown("inquire", null);
    await desk.wait(DAY_MS);
    expect(await payment()).toMatchObject({ status: "SUCCEEDED" });
  });
});

describe("money that is not this payment's", () => {
  const cases: readonly [string, Partial<PaidEvidence>, string][] = [
    ["another amount", { charged: { amountMinor: 123_455n, currency: "BDT" } }, "AMOUNT_MISMATCH"],
    ["a hundredfold", { charged: { amountMinor: 12_345_600n, currency: "BDT" } }, "AMOUNT_MISMATCH"],
    ["another currency", { charged: { amountMinor: 123_456n, currency: "USD" } }, "CURRENCY_MISMATCH"],
    ["another store", { accountRef: "other-store" }, "STORE_MISMATCH"],
    ["another reference", { merchantRef: "pay_other-1" }, "REFERENCE_MISMATCH"],
  ];
  for (const [what, part, reason] of cases) {
    it(`of ${what} flags the payment for review and moves nothing, not even by time`, async () => {
      desk.gateway.pay(at.merchantRef, part);
      await desk.wait(2 * HOUR_MS);
      expect(await payment()).toMatchObject({ status: "PENDING", reviewReasons: [reason] });
      expect((await desk.file(at.reference)).knownCharges).toEqual([]);
      expect(await desk.events(at.reference)).toEqual(["payment.created", "payment.opened"]);
    });
  }

  it("keeps the payment from expiring even when the session then ends", async () => {
    desk.gateway.pay(at.merchantRef, { accountRef: "other-store" });
    await desk.wait(MINUTE_MS);
    const { inquire } = desk.gateway;
    desk.gateway.inquire = async (ref, signal) => {
      await inquire(ref, signal);
      return { outcome: "expired", reason: "expired" };
    };
    await desk.wait(HOUR_MS);
    expect(await payment()).toMatchObject({ status: "PENDING", reviewReasons: ["STORE_MISMATCH"] });
  });

  it("does not hide a charge beside it that matches", async () => {
    desk.gateway.pay(at.merchantRef, { charged: { amountMinor: 1n, currency: "BDT" } });
    const { gatewayRef } = desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    expect(await payment()).toMatchObject({ status: "SUCCEEDED", reviewReasons: ["AMOUNT_MISMATCH"] });
    expect((await desk.file(at.reference)).knownCharges).toEqual([gatewayRef]);
  });
});

describe("a charge that validation does not confirm", () => {
  it("is believed once the same answer came again half a minute later", async () => {
    const { gatewayRef } = desk.gateway.pay(at.merchantRef, { validated: false });
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "PENDING" });
    expect((await attempts())[0]?.doubt).toEqual({ gatewayRef, at: desk.world.now() });
    desk.world.clock.advance(29_999);
    await desk.sweep();
    expect(await payment()).toMatchObject({ status: "PENDING" });
    desk.world.clock.advance(1);
    await desk.sweep();
    expect(await payment()).toMatchObject({ status: "SUCCEEDED" });
    expect((await attempts())[0]).toMatchObject({ state: "PAID", doubt: null });
  });

  it("beside one that is confirmed settles nothing by itself, and is extra money once believed", async () => {
    const sure = desk.gateway.pay(at.merchantRef);
    const unsure = desk.gateway.pay(at.merchantRef, { validated: false });
    await desk.wait(MINUTE_MS / 2);
    expect(await payment()).toMatchObject({ status: "SUCCEEDED", reviewReasons: [] });
    expect((await desk.file(at.reference)).knownCharges).toEqual([sure.gatewayRef]);
    await desk.wait(MINUTE_MS);
    expect((await desk.file(at.reference)).knownCharges).toEqual([sure.gatewayRef, unsure.gatewayRef]);
    expect((await payment()).reviewReasons).toEqual([]);
    expect(desk.gateway.refunds.size).toBe(1);
  });
});

it("settles a risky payment, because the money is taken, and tells a person", async () => {
  desk.gateway.pay(at.merchantRef, { risk: { level: 1, title: "Risky" } });
  await desk.wait(MINUTE_MS);
  expect(await payment()).toMatchObject({
    status: "SUCCEEDED",
    paid: { riskLevel: 1 },
    reviewReasons: ["RISK"],
  });
});

it("takes both steps when a session whose answer was lost turns out to be paid", async () => {
  const { reference, id } = await desk.create();
  desk.gateway.setUnknown("openSession", { outcome: "unknown", cause: "timeout", sent: true }, "carried_out");
  await expect(desk.open(reference)).rejects.toMatchObject({ reason: "GATEWAY_UNAVAILABLE" });
  desk.gateway.pay(`${reference}-1`);
  await desk.wait(MINUTE_MS);
  const steps = (await desk.world.history(id)).map(({ version, from, to }) => `${version} ${from} ${to}`);
  expect(steps).toEqual(["1 null CREATED", "2 CREATED PENDING", "3 PENDING SUCCEEDED"]);
  expect(await desk.events(reference)).toEqual(["payment.created", "payment.opened", "payment.succeeded"]);
});

it("keeps a success when the gateway contradicts itself afterwards, and tells a person", async () => {
  desk.gateway.pay(at.merchantRef);
  await desk.wait(MINUTE_MS);
  desk.gateway.confirm = async () => ({ outcome: "cancelled", reason: "reversed" });
  await desk.callback(desk.gateway.callback(at.merchantRef, { set: { gatewayRef: "val_new" } }));
  await desk.sweep();
  expect(await payment()).toMatchObject({ status: "SUCCEEDED", reviewReasons: ["GATEWAY_CONTRADICTION"] });
  expect((await attempts())[0]?.state).toBe("PAID");
});
