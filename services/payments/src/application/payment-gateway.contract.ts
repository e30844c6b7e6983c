import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RawCallback, SessionOrder } from "../domain/gateway.ts";
import type { PaymentGateway } from "./payment-gateway.ts";

/** A gateway together with the hands that make things true at its other side. */
export type GatewayWorld = AsyncDisposable & {
  readonly gateway: PaymentGateway;
  /** The same account behind a host where nobody listens. */
  readonly unreachable: PaymentGateway;
  /** Where orders have their return and notification URLs. */
  readonly home: string;
  /** What the account keeps secret. */
  readonly secrets: readonly string[];
  /** The next session of this reference is refused. */
  refuseSession(merchantRef: string): Promise<void>;
  /** The customer pays the opened session; a second call charges a second time. */
  pay(merchantRef: string): Promise<void>;
  fail(merchantRef: string): Promise<void>;
  cancel(merchantRef: string): Promise<void>;
  /** The next call of this kind is answered, but after every deadline. */
  stall(operation: "session" | "query", merchantRef: string): Promise<void>;
  /** A notification that claims payment, signed rightly or wrongly. */
  callback(merchantRef: string, sign: "good" | "bad"): Promise<RawCallback>;
  refuseRefund(merchantRef: string): Promise<void>;
  /** The refund is carried out, its answer is lost. */
  cutRefund(merchantRef: string): Promise<void>;
  /** Every queued refund reaches the customer. */
  finishRefunds(): Promise<void>;
  /** Everything that was logged or observed so far. */
  traces(): string;
};

const signal = (): AbortSignal => new AbortController().signal;
const attempt = (merchantRef: string) => ({ merchantRef, sessionKey: null });

let counter = 0;

/** An order under a reference of its own. The amounts avoid round ones, where a lost paisa would not show. */
function newOrder(home: string): SessionOrder {
  counter += 1;
  const reference = `pay_contract${Date.now().toString(36)}${counter}`;
  return {
    merchantRef: `${reference}-1`,
    amount: { amountMinor: 123_400n + BigInt(counter), currency: "BDT" },
    productName: "Contract suite",
    customer: { name: "রহিমা বেগম", email: "rahima@example.com", phone: "০১৭১২৩৪৫৬৭৮" },
    returnUrls: {
      success: `${home}/return/success/${reference}`,
      fail: `${home}/return/fail/${reference}`,
      cancel: `${home}/return/cancel/${reference}`,
    },
    notificationUrl: `${home}/ipn`,
    paymentReference: reference,
    attemptNo: 1,
  };
}

type Setup = { readonly world: () => GatewayWorld; readonly outcomes: unknown[] };

/** Opens a session and lets the customer pay it; returns the charge as the inquiry reports it. */
async function paidOrder({ world, outcomes }: Setup) {
  const order = newOrder(world().home);
  outcomes.push(await world().gateway.openSession(order, signal()));
  await world().pay(order.merchantRef);
  const verdict = await world().gateway.inquire(attempt(order.merchantRef), signal());
  outcomes.push(verdict);
  if (verdict.outcome !== "paid") throw new Error(`expected a charge, got ${verdict.outcome}`);
  return { order, charge: verdict.payments[0], verdict };
}

function sessionsContract({ world, outcomes }: Setup): void {
  it("opens a session at an origin it names", async () => {
    const { gateway } = world();
    const opened = await gateway.openSession(newOrder(world().home), signal());
    outcomes.push(opened);
    if (opened.outcome !== "opened") throw new Error(`expected a session, got ${JSON.stringify(opened)}`);
    expect(opened.sessionKey).not.toBe("");
    expect(gateway.redirectOrigins).toContain(new URL(opened.redirectUrl).origin);
  });

  it("rejects a session with a reason", async () => {
    const order = newOrder(world().home);
    await world().refuseSession(order.merchantRef);
    const rejected = await world().gateway.openSession(order, signal());
    outcomes.push(rejected);
    expect(rejected).toEqual({ outcome: "rejected", reason: expect.stringMatching(/./) });
  });

  it("rejects an amount or a currency outside its capabilities before any call", async () => {
    const amounts = [
      { amountMinor: 1n, currency: "BDT" },
      { amountMinor: 500_00n, currency: "JPY" },
    ];
    for (const amount of amounts) {
      const rejected = await world().unreachable.openSession({ ...newOrder(world().home), amount }, signal());
      expect(rejected).toMatchObject({ outcome: "rejected" });
    }
  });

  it("calls an answer after the deadline unknown, and sent", async () => {
    const order = newOrder(world().home);
    await world().stall("session", order.merchantRef);
    const unknown = await world().gateway.openSession(order, signal());
    outcomes.push(unknown);
    expect(unknown).toEqual({ outcome: "unknown", cause: "timeout", sent: true });
  });

  it("calls an unreachable host unknown, and not sent", async () => {
    const unknown = await world().unreachable.openSession(newOrder(world().home), signal());
    outcomes.push(unknown, await world().unreachable.probe(signal()));
    expect(unknown).toMatchObject({ outcome: "unknown", cause: "connection", sent: false });
  });
}

function verdictsContract(setup: Setup): void {
  const { world } = setup;

  it("finds an untouched session pending and open, and an unknown reference absent", async () => {
    const order = newOrder(world().home);
    await world().gateway.openSession(order, signal());
    expect(await world().gateway.inquire(attempt(order.merchantRef), signal())).toEqual({
      outcome: "pending",
      phase: "open",
    });
    expect(await world().gateway.inquire(attempt(newOrder(world().home).merchantRef), signal())).toEqual({
      outcome: "pending",
      phase: "absent",
    });
  });

  it("reports paid money exact to the minor unit", async () => {
    const { order, charge } = await paidOrder(setup);
    expect(charge).toMatchObject({ merchantRef: order.merchantRef, charged: order.amount, validated: true });
    expect(charge.gross).toEqual(order.amount);
    expect(charge.settled?.amountMinor).toBeLessThanOrEqual(order.amount.amountMinor);
  });

  it("finds the same payment by confirm and by inquire, however often it is asked", async () => {
    const { order, charge, verdict } = await paidOrder(setup);
    const ask = () => world().gateway.confirm(attempt(order.merchantRef), charge.gatewayRef, signal());
    expect([await ask(), await ask()]).toEqual([verdict, verdict]);
    expect(await world().gateway.inquire(attempt(order.merchantRef), signal())).toEqual(verdict);
  });

  it("finds the payment though the claimed reference is not its own", async () => {
    const { order, verdict } = await paidOrder(setup);
    expect(await world().gateway.confirm(attempt(order.merchantRef), "forged", signal())).toEqual(verdict);
  });
}

function troublesContract(setup: Setup): void {
  const { world, outcomes } = setup;

  it("reports two charges as two entries", async () => {
    const { order } = await paidOrder(setup);
    await world().pay(order.merchantRef);
    const twice = await world().gateway.inquire(attempt(order.merchantRef), signal());
    if (twice.outcome !== "paid") throw new Error(`expected charges, got ${twice.outcome}`);
    expect(new Set(twice.payments.map((one) => one.gatewayRef)).size).toBe(2);
    expect(twice.payments.every((one) => one.charged.amountMinor === order.amount.amountMinor)).toBe(true);
  });

  it("reports a failure and a cancellation", async () => {
    for (const word of ["fail", "cancel"] as const) {
      const order = newOrder(world().home);
      await world().gateway.openSession(order, signal());
      await world()[word](order.merchantRef);
      const verdict = await world().gateway.inquire(attempt(order.merchantRef), signal());
      expect(verdict.outcome).toBe(word === "fail" ? "failed" : "cancelled");
    }
  });

  it("calls a late answer to an inquiry unknown, and finds the payment afterwards", async () => {
    const { order, verdict } = await paidOrder(setup);
    await world().stall("query", order.merchantRef);
    const late = await world().gateway.inquire(attempt(order.merchantRef), signal());
    outcomes.push(late);
    expect(late).toEqual({ outcome: "unknown", cause: "timeout", sent: true });
    expect(await world().gateway.inquire(attempt(order.merchantRef), signal())).toEqual(verdict);
  });
}

function callbacksContract(setup: Setup): void {
  const { world, outcomes } = setup;

  it("reads a rightly signed notification as a valid claim", async () => {
    const { order, charge } = await paidOrder(setup);
    const claim = world().gateway.readCallback(await world().callback(order.merchantRef, "good"));
    outcomes.push(claim);
    expect(claim).toMatchObject({ says: "paid", signature: "valid", money: order.amount });
    expect(claim).toMatchObject({ merchantRef: order.merchantRef, gatewayRef: charge.gatewayRef });
  });

  it("calls a wrong signature invalid, and never throws", async () => {
    const { order } = await paidOrder(setup);
    const callback = await world().callback(order.merchantRef, "bad");
    const claim = world().gateway.readCallback(callback);
    expect(claim).toMatchObject({ merchantRef: order.merchantRef, signature: "invalid" });
    const junk = { ...callback, body: new Uint8Array([0xff, 0x00, 0x3d, 0x26]), query: "%%%" };
    expect(world().gateway.readCallback(junk).signature).not.toBe("valid");
  });
}

function refundsContract(setup: Setup): void {
  const { world, outcomes } = setup;

  async function refundOrder() {
    const { order, charge } = await paidOrder(setup);
    counter += 1;
    return {
      paid: order,
      merchantRefundRef: `rf_contract${Date.now().toString(36)}${counter}-1`,
      gatewayTxnId: charge.gatewayTxnId,
      amount: { ...order.amount, amountMinor: 10_01n },
      reason: "Returned goods",
      refundId: counter,
    };
  }

  it("accepts a refund, which succeeds when the money is back", async () => {
    const order = await refundOrder();
    const accepted = await world().gateway.refund(order, signal());
    outcomes.push(accepted);
    if (accepted.outcome !== "accepted")
      throw new Error(`expected a refund, got ${JSON.stringify(accepted)}`);
    const ref = { merchantRefundRef: order.merchantRefundRef, gatewayRefundId: accepted.gatewayRefundId };
    expect(await world().gateway.inquireRefund(ref, signal())).toEqual(accepted);
    await world().finishRefunds();
    expect(await world().gateway.inquireRefund(ref, signal())).toEqual({ ...accepted, outcome: "succeeded" });
  });

  it("reports a refused refund with a reason", async () => {
    const order = await refundOrder();
    await world().refuseRefund(order.paid.merchantRef);
    const refused = await world().gateway.refund(order, signal());
    expect(refused).toEqual({ outcome: "rejected", reason: expect.stringMatching(/./) });
  });

  it("calls a refund whose answer is lost unknown, and sent", async () => {
    const order = await refundOrder();
    await world().cutRefund(order.paid.merchantRef);
    const lost = await world().gateway.refund(order, signal());
    outcomes.push(lost);
    expect(lost).toMatchObject({ outcome: "unknown", sent: true });
  });
}

/** What every gateway adapter owes the application; run by the memory adapter and by the real ones. */
export function paymentGatewayContract(name: string, open: () => Promise<GatewayWorld>): void {
  describe(`${name} keeps the contract of a payment gateway`, () => {
    let current: GatewayWorld | undefined;
    const outcomes: unknown[] = [];
    const world = (): GatewayWorld => {
      if (current === undefined) throw new Error("the world is not open");
      return current;
    };
    beforeAll(async () => {
      current = await open();
    });
    afterAll(() => current?.[Symbol.asyncDispose]());

    const setup = { world, outcomes };
    sessionsContract(setup);
    verdictsContract(setup);
    troublesContract(setup);
    callbacksContract(setup);
    refundsContract(setup);

    it("is healthy when the gateway lets us in", async () => {
      expect(await world().gateway.probe(signal())).toMatchObject({ healthy: true });
    });

    it("shows no secret in any outcome, claim or trace", () => {
      const seen = `${JSON.stringify(outcomes, (_, value) => (typeof value === "bigint" ? String(value) : value))}${world().traces()}`;
      expect(outcomes.length).toBeGreaterThan(10);
      for (const secret of world().secrets) expect(seen).not.toContain(secret);
    });
  });
}
