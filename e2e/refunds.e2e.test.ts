/**
 * Real: every service, PostgreSQL, NATS, HTTP, gRPC between the edge and the others.
 * Doubles: the gateway is the sandbox, an independent program; the merchant's receiver is a small HTTP server.
 * Oracles: the sandbox's own list of refunds, the rows of experience.md §1.8, and what was paid.
 */
import { rpcClient } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { openCheckout, type PaymentJson } from "./merchant.ts";

const WITHIN = { withinMs: 20_000 };

type RefundJson = { readonly id: number; readonly status: string; readonly amountMinor: number };
type EntryJson = {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly title: { readonly en: string; readonly bn: string };
  readonly refs: Readonly<Record<string, string>>;
  readonly detail: Readonly<Record<string, unknown>>;
};

let oi: Harness;

beforeAll(async () => {
  oi = await startHarness({
    transport: "grpc",
    env: { SANDBOX_REFUND_DELAY_MS: "100", REFUND_SCHEDULE: "1,2,3,5,8" },
  });
});
afterAll(() => oi?.[Symbol.asyncDispose]());

/** A payment that the gateway took, by the customer's choice at the sandbox. */
async function paid(amountMinor: number, outcome: string, key: string): Promise<PaymentJson> {
  const order = { amountMinor, customerReference: "cust_1", customerName: "Rahima", productName: "Pro plan" };
  const { json } = await oi.merchant.create(order, { "idempotency-key": key });
  await openCheckout(json.data);
  await oi.sandbox.pay(json.data.reference, { outcome });
  return await eventually(async () => {
    const payment = await oi.merchant.payment(json.data.id);
    expect(payment.status).toBe("SUCCEEDED");
    return payment;
  }, WITHIN);
}

const read = <T>(path: string) => oi.merchant.call<T>("GET", path);

describe("a payment of which a part is refunded over REST", () => {
  let payment: PaymentJson;
  let refund: RefundJson;
  const requestId = "refund-request-1";
  const ask = (amountMinor: number) =>
    oi.merchant.call<RefundJson>(
      "POST",
      `/payments/${payment.id}/refunds`,
      { amountMinor, reason: "ভাঙা ছিল" },
      { "idempotency-key": "refund-key-7f3a", "x-request-id": requestId },
    );

  beforeAll(async () => {
    payment = await paid(125_050, "success_risk", "paid-with-risk");
  });

  it("is asked for once per key, and a repeat has the same bytes", async () => {
    const first = await ask(25_050);
    const again = await ask(25_050);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect([first, again].map(({ headers }) => headers.get("idempotent-replayed"))).toEqual([null, "true"]);
    expect((await ask(25_051)).json.meta.errorCode).toBe("IDEMPOTENCY_KEY_CONFLICT");
    refund = first.json.data;
    expect(refund).toMatchObject({ status: "PENDING", amountMinor: 25_050, reason: "ভাঙা ছিল" });
  });

  it("goes back once the gateway itself said so, and payment, refund and list show it", async () => {
    await eventually(async () => {
      expect((await read<RefundJson>(`/refunds/${refund.id}`)).json.data.status).toBe("SUCCEEDED");
    }, WITHIN);
    const stored = await oi.merchant.payment(payment.id);
    expect(stored).toMatchObject({ status: "PARTIALLY_REFUNDED", refundedMinor: 25_050 });
    const { json } = await read<RefundJson[]>(`/payments/${payment.id}/refunds?size=1`);
    expect(json.data).toMatchObject([{ id: refund.id, status: "SUCCEEDED" }]);
    expect(json.pagination).toEqual({ page: 0, size: 1, totalElements: 1, totalPages: 1 });
    const past = await read<RefundJson[]>(`/payments/${payment.id}/refunds?size=1&page=1`);
    expect(past.json).toMatchObject({ data: [], pagination: { totalElements: 1 } });
  });

  it("has a receipt whose number stays, with the amount in words", async () => {
    const first = await read<Record<string, unknown>>(`/payments/${payment.id}/receipt`);
    expect(first.json.data).toMatchObject({
      receiptNumber: 1,
      application: { name: "Storefront" },
      payment: { reference: payment.reference, amountMinor: 125_050, amountDisplay: "৳1,250.50" },
      customer: { name: "Rahima", reference: "cust_1" },
      refunds: [{ id: refund.id, amountMinor: 25_050, status: "SUCCEEDED" }],
      netMinor: 100_000,
      netDisplay: "৳1,000.00",
      amountInWords: {
        en: "One thousand two hundred fifty taka and fifty paisa only",
        bn: expect.stringMatching(/^এক হাজার .+ মাত্র$/),
      },
    });
    const again = await read(`/payments/${payment.id}/receipt`);
    expect(again.json.data).toEqual(first.json.data);
    const page = await oi.merchant.call("GET", `/payments/${payment.id}/receipt`, undefined, {
      accept: "text/html",
    });
    expect([page.status, page.json.data]).toEqual([400, { Accept: expect.any(String) }]);
    const open = await oi.merchant.create();
    const none = await read(`/payments/${open.json.data.id}/receipt`);
    expect([none.status, none.json.meta.errorCode]).toEqual([409, "INVALID_OPERATION_STATE"]);
  });

  it("has a timeline with every kind of entry, the same on every reading", async () => {
    const timeline = await eventually(async () => {
      const { json, text } = await read<EntryJson[]>(`/payments/${payment.id}/timeline`);
      const kinds = new Set(json.data.map(({ kind }) => kind));
      for (const kind of [
        ...["request", "state", "checkout", "gateway_call", "gateway_callback", "event"],
        ...["ledger", "webhook", "refund", "receipt", "review"],
      ]) {
        expect([...kinds]).toContain(kind);
      }
      const posted = json.data.filter(({ kind }) => kind === "ledger").map(({ detail }) => detail.type);
      expect(posted).toEqual(["CAPTURE", "RESERVE", "SETTLE"]);
      const sent = json.data.filter(({ kind, detail }) => kind === "webhook" && detail.httpStatus === 200);
      expect(sent.map(({ detail }) => detail.type)).toEqual(["payment.succeeded", "refund.succeeded"]);
      return { entries: json.data, pagination: json.pagination, text };
    }, WITHIN);
    const { entries } = timeline;
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    expect(timeline.pagination).toEqual({ page: 0, size: 500, totalElements: entries.length, totalPages: 1 });
    for (const { title } of entries) expect(title.bn).toMatch(/[\u0980-\u09ff]/);
    for (const { detail } of entries.filter(({ kind }) => kind === "ledger")) expect(detail.sumMinor).toBe(0);
    // What the merchant's own log holds leads to the entry.
    expect(entries.find(({ refs }) => refs.requestId === requestId)).toMatchObject({
      kind: "request",
      detail: { method: "POST", status: 201, keyLast4: "7f3a" },
    });
    // One event can be followed through all three services.
    const succeeded = entries.find(({ detail }) => detail.subject === "payments.payment.succeeded");
    const followed = entries.filter(({ refs }) => refs.eventId === succeeded?.refs.eventId);
    expect(new Set(followed.map(({ kind }) => kind))).toEqual(new Set(["event", "ledger", "webhook"]));
    for (const secret of ["Rahima", oi.signingSecret, oi.merchant.apiSecret, "127.0.0.1/"])
      expect(timeline.text).not.toContain(secret);
    const again = await read<EntryJson[]>(`/payments/${payment.id}/timeline`);
    expect(again.json.data).toEqual(entries);
  });

  it("and everything of it does not exist for the other mode or another application", async () => {
    const stranger = await oi.newMerchant("Stranger");
    for (const caller of [stranger, oi.liveMerchant]) {
      const answers = [
        await caller.call("POST", `/payments/${payment.id}/refunds`, { amountMinor: 1 }),
        await caller.call("GET", `/payments/${payment.id}/refunds`),
        await caller.call("GET", `/refunds/${refund.id}`),
        await caller.call("GET", `/payments/${payment.id}/receipt`),
        await caller.call("GET", `/payments/${payment.id}/timeline`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    }
  });
});

it("fifty concurrent refunds from both doors never exceed what was paid", async () => {
  const payment = await paid(10_000, "success", "paid-for-fifty");
  const scope = { applicationId: BigInt(oi.merchant.applicationId), mode: Mode.TEST };
  const grpc = rpcClient(RefundsService, oi.constellation.transports.payments);
  const amountMinor = 700;
  const overRest = async (): Promise<string> => {
    const { status, json } = await oi.merchant.call("POST", `/payments/${payment.id}/refunds`, {
      amountMinor,
    });
    return status === 201 ? "made" : String(json.meta.errorCode);
  };
  const overGrpc = (): Promise<string> =>
    rpc(grpc.createRefund({ ...scope, paymentId: BigInt(payment.id), amountMinor: BigInt(amountMinor) }))
      .then(() => "made")
      .catch(({ reason }: { readonly reason: string }) => reason);
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? overRest() : overGrpc())),
  );
  for (const outcome of outcomes)
    expect(["made", "INVALID_OPERATION_STATE", "SERVICE_UNAVAILABLE"]).toContain(outcome);
  const list = () => read<RefundJson[]>(`/payments/${payment.id}/refunds?size=100&order=ASC`);
  const { json } = await list();
  expect(json.data).toHaveLength(outcomes.filter((outcome) => outcome === "made").length);
  // Whoever lost too many races may come again; then it is exactly as many as fit.
  await eventually(async () => expect(await overRest()).toBe("INVALID_OPERATION_STATE"), WITHIN);
  const sum = async (): Promise<number> =>
    (await list()).json.data.reduce((total, refund) => total + refund.amountMinor, 0);
  expect(await sum()).toBe(Math.floor(payment.amountMinor / amountMinor) * amountMinor);
  await eventually(async () => {
    expect(await oi.merchant.payment(payment.id)).toMatchObject({
      status: "PARTIALLY_REFUNDED",
      refundedMinor: await sum(),
    });
  }, WITHIN);
  // The gateway itself gave back no more than that.
  const refunded = (await oi.sandbox.refunds(payment.reference)).map(({ amount }) => Number(amount) * 100);
  expect(refunded.reduce((total, amount) => total + amount, 0)).toBe(await sum());
});
