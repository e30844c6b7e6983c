import { beforeEach, describe, expect, it } from "vitest";
import { type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";
import { sampleWish } from "../testing/samples.ts";
import { createPayment } from "./create-payment.ts";
import { getCheckout } from "./get-checkout.ts";
import { getPayment } from "./get-payment.ts";
import { listPayments } from "./list-payments.ts";
import type { PaymentFilter } from "./ports.ts";

let desk: PaymentDesk;
beforeEach(async () => {
  desk = await paymentDesk();
});

describe("creating a payment", () => {
  it("makes a CREATED payment that expires after half an hour, without asking the gateway", async () => {
    const payment = await desk.create();
    expect(payment).toMatchObject({ status: "CREATED", version: 1, createdAt: desk.world.now() });
    expect(payment.expiresAt - payment.createdAt).toBe(30 * 60_000);
    expect(desk.gateway.calls).toEqual([]);
    expect(await desk.events(payment.reference)).toEqual(["payment.created"]);
  });

  it("lets the shop choose the time to pay", async () => {
    const payment = await desk.create({ expiresInSeconds: 90 });
    expect(payment.expiresAt - payment.createdAt).toBe(90_000);
  });

  it("gives a repeated request its first answer with the first request's name", async () => {
    const { payments, clock } = desk.world;
    let made = 0;
    const create = createPayment({
      payments,
      clock,
      ids: {
        paymentReference: () => {
          made += 1;
          return `pay_${made}`;
        },
      },
    });
    const { scope } = await desk.create();
    const idempotency = { route: "POST /payments", key: "k", fingerprint: new Uint8Array(32) };
    const first = await create(sampleWish({ scope }), { requestId: "req-1", idempotency });
    const again = await create(sampleWish({ scope }), { requestId: "req-2", idempotency });
    expect(again).toEqual({ ...first, replayed: true });
    expect(again.firstRequestId).toBe("req-1");
  });
});

describe("reading a payment", () => {
  it("finds it by id and by reference within its scope only", async () => {
    const get = getPayment(desk.world);
    const payment = await desk.create();
    expect(await get({ id: payment.id }, payment.scope)).toEqual(payment);
    expect(await get({ reference: payment.reference }, payment.scope)).toEqual(payment);
    const notFound = { reason: "RESOURCE_NOT_FOUND" };
    await expect(get({ id: payment.id }, { ...payment.scope, mode: "LIVE" })).rejects.toMatchObject(notFound);
    await expect(get({ id: 0 }, payment.scope)).rejects.toMatchObject(notFound);
  });

  it("shows a checkout by its reference, with the origins that it may lead to", async () => {
    const view = getCheckout({ payments: desk.world.payments, gateways: desk.gateways });
    const payment = await desk.create();
    expect(await view(payment.reference)).toMatchObject({
      payment,
      lateMoney: null,
      gatewayOrigins: ["https://gateway.test"],
    });
    for (const reference of ["pay_short", "", `pay_${"1".repeat(22)}`]) {
      await expect(view(reference)).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
    }
  });
});

describe("listing payments", () => {
  const filter: PaymentFilter = {
    customerReference: "cust-1",
    reference: null,
    status: null,
    from: null,
    to: null,
    sortBy: "createdAt",
    ascending: false,
    skip: 0,
    limit: 10,
  };

  it("lists a customer's payments", async () => {
    const { scope, id } = await desk.create();
    const page = await listPayments(desk.world)(filter, scope);
    expect(page.total).toBe(1);
    expect(page.payments.map((payment) => payment.id)).toEqual([id]);
  });

  it("refuses a list of everything", async () => {
    const { scope } = await desk.create();
    const list = listPayments(desk.world)({ ...filter, customerReference: null }, scope);
    await expect(list).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
      fields: { customerReference: expect.any(String) },
    });
  });

  it("reaches ten thousand payments and no further", async () => {
    const { scope } = await desk.create();
    const list = listPayments(desk.world);
    expect(await list({ ...filter, skip: 9_990 }, scope)).toMatchObject({ payments: [], total: 1 });
    await expect(list({ ...filter, skip: 9_991 }, scope)).rejects.toMatchObject({
      fields: { page: expect.any(String) },
    });
  });
});
