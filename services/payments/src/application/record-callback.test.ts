import { beforeEach, describe, expect, it } from "vitest";
import { type AtGateway, MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";

let desk: PaymentDesk;
let at: AtGateway;
beforeEach(async () => {
  desk = await paymentDesk();
  at = await desk.atGateway();
});

const asked = (): string[] =>
  desk.gateway.calls.map(({ operation }) => operation).filter((operation) => operation !== "openSession");

describe("a genuine callback", () => {
  it("has the gateway asked about the charge it names, and the answer settles the payment", async () => {
    const { gatewayTxnId } = desk.gateway.pay(at.merchantRef);
    const receipt = await desk.callback(desk.gateway.callback(at.merchantRef));
    expect(receipt).toEqual({ askAbout: expect.any(Number), status: "PENDING" });
    expect(await desk.status(at.reference)).toBe("PENDING");
    expect((await desk.file(at.reference)).awaitingConfirmation).toBe(true);
    await desk.sweep();
    const { payment, awaitingConfirmation } = await desk.file(at.reference);
    expect(payment).toMatchObject({ status: "SUCCEEDED", version: 3, paid: { gatewayTxnId, riskLevel: 0 } });
    expect(awaitingConfirmation).toBe(false);
    expect(asked()).toEqual(["confirm"]);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
    expect(await desk.events(at.reference)).toEqual([
      "payment.created",
      "payment.opened",
      "payment.succeeded",
    ]);
  });

  it("is a claim only: what it says moves nothing when the gateway says otherwise", async () => {
    await desk.callback(
      desk.gateway.callback(at.merchantRef, { set: { says: "paid", gatewayRef: "val_x" } }),
    );
    await desk.sweep();
    expect(asked()).toEqual(["confirm"]);
    expect(await desk.status(at.reference)).toBe("PENDING");
    expect(await desk.outcomes(at.reference)).toEqual(["PENDING_VERIFICATION"]);
  });

  it("waits while the gateway's answer is unknown, and is applied once it is known", async () => {
    desk.gateway.pay(at.merchantRef);
    desk.gateway.setUnknown("confirm", { outcome: "unknown", cause: "timeout", sent: true });
    await desk.callback(desk.gateway.callback(at.merchantRef));
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["PENDING_VERIFICATION"]);
    desk.gateway.setUnknown("confirm", null);
    await desk.wait(MINUTE_MS);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
    expect(await desk.status(at.reference)).toBe("SUCCEEDED");
  });

  it("of a cancellation waits while the gateway still says pending", async () => {
    await desk.callback(desk.gateway.callback(at.merchantRef, { set: { says: "cancelled" } }));
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["PENDING_VERIFICATION"]);
    desk.gateway.cancel(at.merchantRef);
    await desk.wait(MINUTE_MS);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
    expect(await desk.status(at.reference)).toBe("CANCELLED");
  });

  it("that only moves its attempt is applied all the same", async () => {
    desk.gateway.expire(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef));
    await desk.sweep();
    expect(await desk.status(at.reference)).toBe("PENDING");
    expect((await desk.file(at.reference)).attempts).toMatchObject([{ state: "EXPIRED" }]);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
  });

  it("that arrives while the gateway is being asked is asked about right after", async () => {
    desk.gateway.pay(at.merchantRef);
    const { inquire } = desk.gateway;
    let second = "";
    desk.gateway.inquire = async (ref, signal) => {
      const answer = await inquire(ref, signal);
      if (second === "") {
        second = desk.gateway.pay(at.merchantRef).gatewayRef;
        await desk.callback(desk.gateway.callback(at.merchantRef));
      }
      return answer;
    };
    await desk.wait(MINUTE_MS);
    const { knownCharges, payment } = await desk.file(at.reference);
    expect(knownCharges).toContain(second);
    expect(knownCharges).toHaveLength(2);
    expect(payment.reviewReasons).toEqual([]);
    expect(desk.gateway.refunds.size).toBe(1);
  });
});

describe("a callback that is not worth a question", () => {
  it("is forged when its signature is wrong", async () => {
    desk.gateway.pay(at.merchantRef);
    const receipt = await desk.callback(desk.gateway.callback(at.merchantRef, { token: "guess" }));
    expect(receipt.askAbout).toBeNull();
    await desk.sweep();
    expect(asked()).toEqual([]);
    expect(await desk.outcomes(at.reference)).toEqual(["FORGED"]);
    expect(await desk.status(at.reference)).toBe("PENDING");
  });

  it("is forged when a notification of success has no signature", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef, { token: null }));
    await desk.sweep();
    expect(asked()).toEqual([]);
    expect(await desk.outcomes(at.reference)).toEqual(["FORGED"]);
  });

  it("is forged when an unsigned return names another payment's session", async () => {
    const other = await desk.atGateway();
    desk.gateway.pay(other.merchantRef);
    const raw = desk.gateway.callback(other.merchantRef, { channel: "return", token: null });
    await desk.callback(raw, at.reference);
    await desk.sweep();
    expect(asked()).toEqual([]);
    expect(await desk.outcomes(other.reference)).toEqual(["FORGED"]);
    expect(await desk.outcomes(at.reference)).toEqual([]);
  });

  it("asks about nobody else's charge when an unsigned return names one: no mismatch comes of it", async () => {
    const other = await desk.atGateway();
    const { gatewayRef } = desk.gateway.pay(other.merchantRef);
    const set = { gatewayRef };
    const raw = desk.gateway.callback(at.merchantRef, { channel: "return", token: null, set });
    await desk.callback(raw, at.reference);
    await desk.sweep();
    expect(asked()).toEqual(["inquire"]);
    expect((await desk.file(at.reference)).payment).toMatchObject({ status: "PENDING", reviewReasons: [] });
  });

  it("is a duplicate when the same bytes came before, and asks once", async () => {
    desk.gateway.pay(at.merchantRef);
    const raw = desk.gateway.callback(at.merchantRef);
    for (let i = 0; i < 5; i++) await desk.callback(raw);
    await desk.sweep();
    await desk.callback(raw);
    await desk.sweep();
    expect(asked()).toEqual(["confirm"]);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED", ...Array<string>(5).fill("DUPLICATE")]);
    expect(await desk.events(at.reference)).toHaveLength(3);
  });

  it("is a duplicate when it names a charge that is recorded", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef));
    await desk.sweep();
    await desk.callback(desk.gateway.callback(at.merchantRef, { channel: "return" }), at.reference);
    await desk.sweep();
    expect(asked()).toEqual(["confirm"]);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED", "DUPLICATE"]);
  });

  it("is a duplicate when another one with the same claim was applied by the same answer", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef));
    await desk.callback(desk.gateway.callback(at.merchantRef, { channel: "return" }), at.reference);
    await desk.sweep();
    expect(asked()).toEqual(["confirm"]);
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED", "DUPLICATE"]);
  });

  it("is stale when it speaks of failure about a payment that is closed", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    const before = asked().length;
    await desk.callback(desk.gateway.callback(at.merchantRef, { set: { says: "failed" } }));
    await desk.sweep();
    expect(asked()).toHaveLength(before);
    expect(await desk.outcomes(at.reference)).toEqual(["STALE"]);
    expect(await desk.status(at.reference)).toBe("SUCCEEDED");
  });

  it("is unmatched when no attempt has its reference, and is kept", async () => {
    const raw = desk.gateway.callback("pay_nobody-1", { set: { says: "paid" } });
    expect(await desk.callback(raw)).toEqual({ askAbout: null, status: null });
    expect(desk.world.book.callbacks).toMatchObject([{ outcome: "UNMATCHED", paymentId: null }]);
  });

  it("is unmatched when a return names an unknown attempt on a known payment's path", async () => {
    const raw = desk.gateway.callback("pay_nobody-1", { channel: "return" });
    expect(await desk.callback(raw, at.reference)).toEqual({ askAbout: null, status: null });
  });
});

describe("a browser's return", () => {
  it("without a signature still has the gateway asked", async () => {
    desk.gateway.pay(at.merchantRef);
    const raw = desk.gateway.callback(at.merchantRef, { channel: "return", token: null });
    const { askAbout } = await desk.callback(raw, at.reference);
    expect(askAbout).not.toBeNull();
    await desk.sweep();
    expect(await desk.status(at.reference)).toBe("SUCCEEDED");
    expect(await desk.outcomes(at.reference)).toEqual(["APPLIED"]);
  });

  it("without any reference inside is about the path's newest attempt", async () => {
    const raw = { ...desk.gateway.callback(at.merchantRef, { channel: "return" }), body: new Uint8Array(0) };
    const { askAbout } = await desk.callback(raw, at.reference);
    expect(askAbout).toBe((await desk.file(at.reference)).attempts[0]?.id);
  });

  it("to a path that names no payment is refused", async () => {
    const raw = { ...desk.gateway.callback(at.merchantRef, { channel: "return" }), body: new Uint8Array(0) };
    for (const path of ["pay_x", `pay_${"1".repeat(22)}`]) {
      await expect(desk.callback(raw, path)).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
    }
  });
});

describe("a signed claim that the gateway does not bear out", () => {
  it("with other figures is a mismatch and flags the payment, which follows the gateway", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef, { set: { amountMinor: "1" } }));
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["MISMATCH"]);
    const { payment } = await desk.file(at.reference);
    expect(payment).toMatchObject({ status: "SUCCEEDED", reviewReasons: ["CLAIM_MISMATCH"] });
  });

  it("of another store is a mismatch", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.callback(desk.gateway.callback(at.merchantRef, { set: { account: "other-store" } }));
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["MISMATCH"]);
    expect((await desk.file(at.reference)).payment.reviewReasons).toEqual(["CLAIM_MISMATCH"]);
  });

  it("with other figures about a charge that is recorded is asked about, and flags", async () => {
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    await desk.callback(desk.gateway.callback(at.merchantRef, { set: { currency: "USD" } }));
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["MISMATCH"]);
    expect((await desk.file(at.reference)).payment).toMatchObject({
      status: "SUCCEEDED",
      reviewReasons: ["CLAIM_MISMATCH"],
    });
  });

  it("of a payment that the gateway denies twice, a minute apart, is a mismatch", async () => {
    desk.gateway.fail(at.merchantRef, "declined");
    await desk.callback(
      desk.gateway.callback(at.merchantRef, { set: { says: "paid", gatewayRef: "val_x" } }),
    );
    await desk.sweep();
    await desk.wait(MINUTE_MS / 2);
    expect(await desk.status(at.reference)).toBe("FAILED");
    expect(await desk.outcomes(at.reference)).toEqual(["PENDING_VERIFICATION"]);
    await desk.wait(2 * MINUTE_MS);
    expect(await desk.outcomes(at.reference)).toEqual(["MISMATCH"]);
    expect((await desk.file(at.reference)).payment.reviewReasons).toEqual(["CLAIM_MISMATCH"]);
  });

  it("whose charge has other figures at the gateway itself is a mismatch and moves nothing", async () => {
    desk.gateway.pay(at.merchantRef, { charged: { amountMinor: 1n, currency: "BDT" } });
    await desk.callback(desk.gateway.callback(at.merchantRef, { set: { amountMinor: "123456" } }));
    await desk.sweep();
    expect(await desk.outcomes(at.reference)).toEqual(["MISMATCH"]);
    expect((await desk.file(at.reference)).payment).toMatchObject({
      status: "PENDING",
      reviewReasons: ["AMOUNT_MISMATCH"],
    });
  });
});
