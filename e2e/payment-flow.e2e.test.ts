/**
 * Real: every service, PostgreSQL, NATS, HTTP, both transports between the edge and the others.
 * Doubles: the gateway is the sandbox, an independent program; the merchant's receiver is a small HTTP server.
 * Oracles: the sandbox's own list of charges, the npm package `standardwebhooks`, and the databases' rows.
 */
import { Mode } from "@oi/proto/common/v1/mode";
import { eventually } from "@oi/testkit/eventually";
import postgres from "postgres";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { openCheckout, type PaymentJson } from "./merchant.ts";

const WITHIN = { withinMs: 2_000 };

describe.each(["memory", "grpc"] as const)("a payment, the edge speaking %s", (transport) => {
  let oi: Harness;

  beforeAll(async () => {
    oi = await startHarness({ transport });
  });
  afterAll(() => oi?.[Symbol.asyncDispose]());
  beforeEach(() => {
    oi.sink.received.length = 0;
    oi.sink.status = 200;
  });

  const book = () => ({ applicationId: BigInt(oi.merchant.applicationId), mode: Mode.TEST });

  async function opened(body?: object): Promise<PaymentJson> {
    const created = await oi.merchant.create(body);
    expect(created.status).toBe(201);
    await openCheckout(created.json.data);
    return created.json.data;
  }

  async function expectPaid({ id, reference, amountMinor }: PaymentJson): Promise<void> {
    await eventually(async () => {
      expect(await oi.merchant.payment(id)).toMatchObject({ status: "SUCCEEDED", amountMinor, riskLevel: 0 });
    }, WITHIN);
    await eventually(async () => expectPosted(id, BigInt(amountMinor)), WITHIN);
    await eventually(async () => expectNotified(reference), WITHIN);
    const charges = (await oi.sandbox.charges()).filter((charge) =>
      String(charge.tranId).startsWith(reference),
    );
    expect(charges).toHaveLength(1);
  }

  async function expectPosted(id: number, gross: bigint): Promise<void> {
    const { transactions } = await oi.ledger.listTransactions({ book: book(), reference: `payment:${id}` });
    expect(transactions).toHaveLength(1);
    const legs = transactions[0]?.legs ?? [];
    expect(legs.reduce((sum, leg) => sum + leg.amountMinor, 0n)).toBe(0n);
    expect(legs.find((leg) => leg.path === "Liabilities:Merchant:Payable")?.amountMinor).toBe(-gross);
    // The sandbox keeps 2.5 %, rounded half up on what it pays out.
    const store = (gross * 975n + 500n) / 1000n;
    expect(legs.find((leg) => leg.path.startsWith("Expenses:GatewayFee"))?.amountMinor).toBe(gross - store);
  }

  function webhooksOf(reference: string) {
    return oi.sink.received.filter(({ body }) => body.includes(reference));
  }

  function expectNotified(reference: string): void {
    const [webhook, ...others] = webhooksOf(reference);
    expect(webhook).toBeDefined();
    expect(others).toEqual([]);
    if (!webhook) return;
    const event = new Webhook(oi.signingSecret).verify(webhook.body, webhook.headers) as Record<
      string,
      unknown
    >;
    expect(event).toMatchObject({ type: "payment.succeeded", schemaVersion: 1, mode: "TEST", sequence: 3 });
    expect(event.data).toMatchObject({ reference, status: "SUCCEEDED" });
    expect(webhook.headers["x-webhook-id"]).toBe(event.id);
    expect(webhook.headers["webhook-id"]).toBe(event.id);
  }

  it("is paid: the gateway is asked, the ledger balances, a signed webhook arrives", async () => {
    const payment = await opened({ amountMinor: 2_100, customerReference: "cust_1" });
    expect((await oi.merchant.payment(payment.id)).status).toBe("PENDING");
    await oi.sandbox.pay(payment.reference);
    await expectPaid(payment);
  });

  it("is paid although the browser never returned", async () => {
    const payment = await opened();
    await oi.sandbox.pay(payment.reference, { dropReturn: true });
    await expectPaid(payment);
  });

  it("is paid although the notification was lost", async () => {
    const payment = await opened();
    await oi.sandbox.pay(payment.reference, { dropIpn: true });
    await expectPaid(payment);
  });

  it("is paid although every callback was lost: the schedule asks", async () => {
    const payment = await opened();
    await oi.sandbox.pay(payment.reference, { dropIpn: true, dropReturn: true });
    await eventually(async () => expect((await oi.merchant.payment(payment.id)).status).toBe("SUCCEEDED"), {
      withinMs: 15_000,
    });
    await expectPaid(payment);
  });

  it("counts once, however often the notification comes", async () => {
    const payment = await opened();
    await oi.sandbox.pay(payment.reference);
    const tranId = `${payment.reference}-1`;
    await Promise.all(
      Array.from({ length: 10 }, () => oi.sandbox.callback({ tranId, channel: "ipn", resend: true })),
    );
    await expectPaid(payment);
    const outcomes = await callbackOutcomes(oi, payment.id);
    expect(outcomes.filter((outcome) => outcome === "APPLIED")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "DUPLICATE").length).toBeGreaterThanOrEqual(10);
  });

  it("is told of two hundred things at once, and each is kept and answered", async () => {
    const payment = await opened();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const body = new URLSearchParams({
          tran_id: `${payment.reference}-1`,
          status: "CANCELLED",
          i: `${i}`,
        });
        const ipn = `${oi.constellation.publicUrl}/api/v1/gateways/sslcommerz/ipn`;
        return (await fetch(ipn, { method: "POST", body })).status;
      }),
    );
    expect(answers.filter((status) => status !== 200)).toEqual([]);
    expect(await callbackOutcomes(oi, payment.id)).toHaveLength(200);
    await oi.sandbox.pay(payment.reference);
    await expectPaid(payment);
  });

  it("is not moved by a forged, an unsigned or a foreign notification", async () => {
    const payment = await opened();
    const tranId = `${payment.reference}-1`;
    for (const sign of ["bad", "none", "other_password"]) {
      await oi.sandbox.callback({ tranId, channel: "ipn", status: "VALID", sign });
    }
    await oi.sandbox.callback({ tranId, channel: "ipn", status: "CANCELLED", sign: "bad" });
    expect(await callbackOutcomes(oi, payment.id)).toEqual(["FORGED", "FORGED", "FORGED", "FORGED"]);
    expect((await oi.merchant.payment(payment.id)).status).toBe("PENDING");
    await oi.sandbox.pay(payment.reference);
    await expectPaid(payment);
  });

  it("follows the gateway when a notification was tampered with, before or after signing", async () => {
    const payment = await opened();
    const tranId = `${payment.reference}-1`;
    await oi.sandbox.callback({ tranId, channel: "ipn", status: "VALID", set: { amount: "1.00" } });
    await oi.sandbox.callback({ tranId, channel: "ipn", status: "VALID", setSigned: { amount: "1.00" } });
    // Nobody has paid yet, and the gateway says so.
    await eventually(async () => expect(await callbackOutcomes(oi, payment.id)).toContain("FORGED"));
    expect((await oi.merchant.payment(payment.id)).status).toBe("PENDING");
    await oi.sandbox.pay(payment.reference);
    await expectPaid(payment);
    expect(await callbackOutcomes(oi, payment.id)).toContain("MISMATCH");
  });

  it("is cancelled only after the gateway said so, and the merchant hears of it", async () => {
    const payment = await opened();
    await oi.sandbox.pay(payment.reference, { outcome: "cancel" });
    await eventually(
      async () => expect((await oi.merchant.payment(payment.id)).status).toBe("CANCELLED"),
      WITHIN,
    );
    await eventually(async () => expect(webhooksOf(payment.reference)).toHaveLength(1), WITHIN);
    const { transactions } = await oi.ledger.listTransactions({
      book: book(),
      reference: `payment:${payment.id}`,
    });
    expect(transactions).toEqual([]);
  });

  it("is made once per Idempotency-Key and answers a repeat with the same bytes", async () => {
    const order = { amountMinor: 500, customerReference: "replay" };
    const headers = { "idempotency-key": `key-${transport}` };
    const first = await oi.merchant.create(order, headers);
    const again = await oi.merchant.create({ customerReference: "replay", amountMinor: 500 }, headers);
    expect(again.text).toBe(first.text);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    const other = await oi.merchant.create({ ...order, amountMinor: 501 }, headers);
    expect([other.status, other.json.meta.errorCode]).toEqual([409, "IDEMPOTENCY_KEY_CONFLICT"]);
  });

  it("is made once when fifty repeats race", async () => {
    const order = { amountMinor: 700, customerReference: `race-${transport}` };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => oi.merchant.create(order, { "idempotency-key": `race-${transport}` })),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    expect(
      answers.every(
        ({ status, json }) => status === 201 || json.meta.errorCode === "IDEMPOTENCY_IN_PROGRESS",
      ),
    ).toBe(true);
    const list = await oi.merchant.call<PaymentJson[]>(
      "GET",
      `/payments?customerReference=race-${transport}`,
    );
    expect(list.json.data).toHaveLength(1);
    expect(list.json.pagination).toEqual({ page: 0, size: 20, totalElements: 1, totalPages: 1 });
  });

  it("does not exist for another application or the other mode", async () => {
    const { json } = await oi.merchant.create();
    const stranger = await oi.newMerchant("Stranger");
    for (const caller of [stranger, oi.liveMerchant]) {
      const answer = await caller.call("GET", `/payments/${json.data.id}`);
      expect([answer.status, answer.json.meta.errorCode]).toEqual([404, "RESOURCE_NOT_FOUND"]);
    }
  });

  it("sends one customer who clicks twenty times to one session", async () => {
    const { json } = await oi.merchant.create();
    const targets = await Promise.all(Array.from({ length: 20 }, () => openCheckout(json.data)));
    expect(new Set(targets).size).toBe(1);
    expect(await oi.sandbox.sessions(json.data.reference)).toHaveLength(1);
  });

  it("reaches ledger and merchant although NATS was killed and its store wiped in between", async () => {
    const before = await opened();
    await oi.sandbox.pay(before.reference);
    await expectPaid(before);
    await oi.nats.kill();
    oi.nats.wipe();
    const during = await opened();
    await oi.sandbox.pay(during.reference);
    await eventually(
      async () => expect((await oi.merchant.payment(during.id)).status).toBe("SUCCEEDED"),
      WITHIN,
    );
    await oi.nats.start();
    await eventually(() => expectNotified(during.reference), { withinMs: 15_000 });
    await expectPaid(during);
    await expectPaid(before);
  }, 40_000);

  it("is delivered again with the same id and bytes when the receiver failed", async () => {
    oi.sink.status = 503;
    const payment = await opened();
    await oi.sandbox.pay(payment.reference);
    await eventually(() => expect(webhooksOf(payment.reference).length).toBeGreaterThanOrEqual(1), WITHIN);
    oi.sink.status = 200;
    await eventually(() => expect(webhooksOf(payment.reference).length).toBeGreaterThanOrEqual(2), {
      withinMs: 15_000,
    });
    const [first, second] = webhooksOf(payment.reference);
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    await eventually(async () => {
      const { deliveries } = await oi.deliveries.listDeliveries({
        ...book(),
        paymentReference: payment.reference,
      });
      expect(deliveries).toMatchObject([{ type: "payment.succeeded", attempts: 2, lastResponseStatus: 200 }]);
    }, WITHIN);
  }, 30_000);
});

async function callbackOutcomes({ databases }: Harness, paymentId: number): Promise<string[]> {
  const sql = postgres(databases.payments.url, { max: 1 });
  try {
    const rows = await sql<{ outcome: string }[]>`
      select outcome from gateway_callback where matched_payment_id = ${paymentId} order by id`;
    return rows.map((row) => row.outcome);
  } finally {
    await sql.end();
  }
}
