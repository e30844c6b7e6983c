import { beforeEach, describe, expect, it } from "vitest";
import { withoutAttempts } from "../testing/lost-attempts.ts";
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
  desk = await paymentDesk();
  at = await desk.atGateway();
});

const payment = async () => (await desk.file(at.reference)).payment;

describe("a payment that succeeded", () => {
  it("is asked about again, and a reversal flags it and takes nothing back", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    const { version } = await payment();
    desk.gateway.reverse(at.merchantRef);
    await desk.wait(20 * MINUTE_MS);
    expect(await payment()).toMatchObject({
      status: "SUCCEEDED",
      version,
      reviewReasons: ["GATEWAY_CONTRADICTION"],
    });
  });

  it("has a second charge of its session found without any callback, and returned", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    const second = desk.gateway.pay(at.merchantRef);
    await desk.wait(20 * MINUTE_MS);
    expect((await desk.file(at.reference)).knownCharges).toContain(second.gatewayRef);
    expect([...desk.gateway.refunds.values()].map(({ order }) => order.gatewayTxnId)).toEqual([
      second.gatewayTxnId,
    ]);
  });

  it("is left alone after seven days", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    for (let day = 0; day < 8; day++) {
      desk.world.clock.advance(24 * HOUR_MS);
      await desk.sweep();
    }
    const [attempt] = (await desk.file(at.reference)).attempts;
    expect(attempt?.nextInquiryAt).toBeNull();
    expect((await payment()).reviewReasons).toEqual([]);
  });
});

describe("a callback that named nothing we knew", () => {
  it("is weighed and asked about once its attempt shows up", async () => {
    desk.gateway.pay(at.merchantRef);
    const callback = desk.gateway.callback(at.merchantRef);
    const restore = withoutAttempts(desk, at);
    await desk.callback(callback);
    expect(desk.world.book.callbacks).toMatchObject([{ outcome: "UNMATCHED", paymentId: null }]);
    await desk.sweep();
    expect(desk.world.book.callbacks).toMatchObject([{ outcome: "UNMATCHED" }]);
    restore();
    await desk.sweep();
    expect(await desk.status(at.reference)).toBe("SUCCEEDED");
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
  });

  it("and that is forged is still forged then", async () => {
    const restore = withoutAttempts(desk, at);
    await desk.callback(desk.gateway.callback(at.merchantRef, { token: "guessed", set: { says: "paid" } }));
    restore();
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["FORGED"]);
    expect(await desk.status(at.reference)).toBe("PENDING");
  });

  it("is left to a person after ten minutes", async () => {
    const restore = withoutAttempts(desk, at);
    await desk.callback(desk.gateway.callback(at.merchantRef));
    desk.world.clock.advance(10 * MINUTE_MS);
    restore();
    await desk.sweep();
    expect(desk.world.book.callbacks).toMatchObject([{ outcome: "UNMATCHED" }]);
  });
});
