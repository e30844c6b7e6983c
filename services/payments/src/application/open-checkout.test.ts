import { beforeEach, describe, expect, it } from "vitest";
import type { Unknown } from "../domain/gateway.ts";
import { MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";
import { sampleAttempt } from "../testing/samples.ts";
import { change } from "../testing/store-world.ts";

const LOST: Unknown = { outcome: "unknown", cause: "timeout", sent: true };
const UNREACHED: Unknown = { outcome: "unknown", cause: "connection", sent: false };
const UNAVAILABLE = { reason: "GATEWAY_UNAVAILABLE", retryAfterSeconds: 5 };
const REFUSED = { reason: "INVALID_OPERATION_STATE" };

let desk: PaymentDesk;
beforeEach(async () => {
  desk = await paymentDesk();
});

const states = async (reference: string): Promise<string[]> =>
  (await desk.file(reference)).attempts.map(({ no, state }) => `${no} ${state}`);

describe("opening a checkout", () => {
  it("opens a session, moves the payment to PENDING and plans the first inquiry", async () => {
    const payment = await desk.create();
    expect(await desk.open(payment.reference)).toMatch(/^https:\/\/gateway\.test\/pay\//);
    const { attempts, payment: opened } = await desk.file(payment.reference);
    expect(opened).toMatchObject({ status: "PENDING", version: 2 });
    expect(attempts).toMatchObject([
      {
        no: 1,
        state: "OPEN",
        merchantRef: `${payment.reference}-1`,
        nextInquiryAt: desk.world.now() + 30_000,
      },
    ]);
    expect(await desk.events(payment.reference)).toEqual(["payment.created", "payment.opened"]);
  });

  it("tells the gateway who, what, and where to come back to", async () => {
    const { reference } = await desk.create({ productName: null });
    await desk.open(reference);
    const order = desk.gateway.sessions.get(`${reference}-1`)?.order;
    expect(order).toMatchObject({
      amount: { amountMinor: 123_456n, currency: "BDT" },
      productName: expect.stringMatching(/^Shop /),
      customer: { name: "রহিমা বেগম", email: "rahima@example.com", phone: "+8801712345678" },
      returnUrls: { cancel: `https://oi.test/return/cancel/${reference}` },
      paymentReference: reference,
      attemptNo: 1,
    });
  });

  it("sends a second click to the session that is open", async () => {
    const { reference } = await desk.create();
    expect(await desk.open(reference)).toBe(await desk.open(reference));
    expect(desk.gateway.calls).toHaveLength(1);
  });

  it("lets a click wait while another one is opening, and then gives up", async () => {
    const payment = await desk.create();
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    const opening = sampleAttempt(payment, desk.world.now(), { state: "OPENING" });
    await desk.world.payments.commit(change(payment, { attempts: [opening] }));
    await expect(desk.open(payment.reference)).rejects.toMatchObject(UNAVAILABLE);
    expect(desk.world.now() - payment.createdAt).toBeGreaterThanOrEqual(5_000);
    expect(desk.gateway.calls).toEqual([]);
  });
});

describe("a session that did not open", () => {
  it("leaves the payment CREATED when its answer was lost, and the next click opens another session", async () => {
    const { reference } = await desk.create();
    desk.gateway.setUnknown("openSession", LOST, "carried_out");
    await expect(desk.open(reference)).rejects.toMatchObject(UNAVAILABLE);
    expect(await desk.status(reference)).toBe("CREATED");
    expect(await states(reference)).toEqual(["1 UNKNOWN"]);
    desk.gateway.setUnknown("openSession", null);
    await desk.open(reference);
    expect(await states(reference)).toEqual(["1 UNKNOWN", "2 OPEN"]);
    expect([...desk.gateway.sessions.keys()]).toEqual([`${reference}-1`, `${reference}-2`]);
  });

  it("is rejected when the gateway refuses it or was never reached, and is not asked about", async () => {
    const { reference } = await desk.create();
    desk.gateway.refuse("openSession", "Store is inactive");
    await expect(desk.open(reference)).rejects.toMatchObject(UNAVAILABLE);
    desk.gateway.setUnknown("openSession", UNREACHED);
    await expect(desk.open(reference)).rejects.toMatchObject({ metadata: { cause: "connection" } });
    const { attempts, payment } = await desk.file(reference);
    expect(payment.status).toBe("CREATED");
    expect(attempts).toMatchObject([
      { state: "REJECTED", reason: "Store is inactive", nextInquiryAt: null },
      { state: "REJECTED", reason: "connection", nextInquiryAt: null },
    ]);
  });

  it("counts as lost a minute after the process that opened it died", async () => {
    const payment = await desk.create();
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    const now = desk.world.now();
    const opening = sampleAttempt(payment, now, { state: "OPENING", nextInquiryAt: now + MINUTE_MS });
    await desk.world.payments.commit(change(payment, { attempts: [opening] }));
    desk.world.clock.advance(MINUTE_MS);
    await desk.open(payment.reference);
    expect(await states(payment.reference)).toEqual(["1 UNKNOWN", "2 OPEN"]);
  });

  it("counts as lost after a minute also when nobody clicks again", async () => {
    const payment = await desk.create();
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    const now = desk.world.now();
    const opening = sampleAttempt(payment, now, { state: "OPENING", nextInquiryAt: now + MINUTE_MS });
    await desk.world.payments.commit(change(payment, { attempts: [opening] }));
    await desk.wait(MINUTE_MS);
    expect(await states(payment.reference)).toEqual(["1 UNKNOWN"]);
  });

  it("gives nobody the URL of a session whose attempt was given up meanwhile", async () => {
    const { reference } = await desk.create();
    const { openSession } = desk.gateway;
    let second: string | null = null;
    desk.gateway.openSession = async (order, signal) => {
      const answer = await openSession(order, signal);
      if (order.attemptNo === 1) {
        desk.world.clock.advance(MINUTE_MS);
        second = await desk.open(reference);
      }
      return answer;
    };
    await expect(desk.open(reference)).rejects.toMatchObject(UNAVAILABLE);
    expect(await states(reference)).toEqual(["1 UNKNOWN", "2 OPEN"]);
    expect(await desk.open(reference)).toBe(second);
  });

  it("is not shown when the payment was paid before the session's answer came", async () => {
    const { reference } = await desk.create();
    const { openSession } = desk.gateway;
    desk.gateway.openSession = async (order, signal) => {
      const answer = await openSession(order, signal);
      desk.gateway.pay(order.merchantRef);
      await desk.callback(desk.gateway.callback(order.merchantRef));
      await desk.sweep();
      return answer;
    };
    await expect(desk.open(reference)).rejects.toMatchObject(REFUSED);
    expect(await desk.status(reference)).toBe("SUCCEEDED");
    expect(await states(reference)).toEqual(["1 PAID"]);
  });
});

describe("a payment that cannot be opened", () => {
  it("is refused for an amount or a currency that the gateway does not take, and nothing is stored", async () => {
    const amounts = [
      { amountMinor: 999n, currency: "BDT" },
      { amountMinor: 500_000_01n, currency: "BDT" },
      { amountMinor: 5_000n, currency: "JPY" },
    ];
    for (const amount of amounts) {
      const { reference } = await desk.create({ amount });
      await expect(desk.open(reference)).rejects.toMatchObject(REFUSED);
      expect((await desk.file(reference)).attempts).toEqual([]);
    }
    const least = await desk.create({ amount: { amountMinor: 1_000n, currency: "BDT" } });
    await desk.open(least.reference);
  });

  it("is refused from the moment its time is over", async () => {
    const { reference, expiresAt } = await desk.create();
    desk.world.clock.set(expiresAt);
    await expect(desk.open(reference)).rejects.toMatchObject(REFUSED);
    const other = await desk.create();
    desk.world.clock.set(other.expiresAt - 1);
    await desk.open(other.reference);
  });

  it("is refused once it is final", async () => {
    const { reference, merchantRef } = await desk.atGateway();
    desk.gateway.pay(merchantRef);
    await desk.wait(MINUTE_MS);
    await expect(desk.open(reference)).rejects.toMatchObject({
      ...REFUSED,
      metadata: { status: "SUCCEEDED" },
    });
  });

  it("is refused after twenty attempts", async () => {
    const { reference } = await desk.create();
    desk.gateway.refuse("openSession", "no");
    for (let i = 0; i < 20; i++) await expect(desk.open(reference)).rejects.toMatchObject(UNAVAILABLE);
    await expect(desk.open(reference)).rejects.toMatchObject(REFUSED);
    expect((await desk.file(reference)).attempts).toHaveLength(20);
  });

  it("is refused in a mode that has no gateway account", async () => {
    const { scope } = await desk.create();
    const { reference } = await desk.create({ scope: { ...scope, mode: "LIVE" } });
    await expect(desk.open(reference)).rejects.toMatchObject({ reason: "GATEWAY_UNAVAILABLE" });
  });
});
