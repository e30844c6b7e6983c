import type { MessageInitShape } from "@bufbuild/protobuf";
import { DomainError } from "@oi/kernel/errors";
import type { TimelineEntrySchema } from "@oi/proto/payments/v1/timeline";
import { toTimestamp } from "@oi/proto/public/time";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";
import { LIVE_KEY, STRANGER_KEY } from "./testing/stub-services.ts";
import { attemptAt, deliveryAt, EVENT_ID, transactionAt } from "./testing/stub-sources.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: experience.md §1.8. */
let edge: EdgeHarness;
let PATH: string;

type Entry = Record<string, unknown> & { readonly id: string; readonly detail: Record<string, unknown> };

async function withPayment(harness: EdgeHarness): Promise<string> {
  const payment = { amountMinor: 10_000, customerReference: "cust_123" };
  const made = await harness.call("POST", "/api/v1/payments", payment, { "idempotency-key": "told" });
  return `/api/v1/payments/${JSON.parse(made.text).data.id}/timeline`;
}

beforeAll(async () => {
  edge = await startEdge();
  PATH = await withPayment(edge);
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});

const T = Date.parse("2026-06-04T10:00:00.000Z");

function told(id: string, at: number): MessageInitShape<typeof TimelineEntrySchema> {
  return {
    id,
    at: toTimestamp(at),
    kind: "state",
    title: { en: "Payment created", bn: "পেমেন্ট তৈরি হয়েছে" },
    actor: "app:42",
    status: "CREATED",
    version: 1n,
    refs: { paymentId: "100", gatewayRefundId: "" },
    detail: { from: null, to: "CREATED", ms: 12.5, answer: { status: "VALID" } },
  };
}

beforeEach(() => {
  const { payments, ledger, webhooks } = edge;
  Object.assign(payments, {
    history: [told("state:100:1", T), told("state:100:2", T + 30)],
    isHistoryCut: false,
  });
  Object.assign(ledger, {
    transactions: [transactionAt(T + 10)],
    nextPageToken: "",
    failure: null,
    gate: null,
  });
  Object.assign(webhooks, { deliveries: [deliveryAt(T + 20)], attempts: [attemptAt(T + 30)] });
  Object.assign(webhooks, { failure: null, gate: null });
  payments.failure = null;
  ledger.asked.length = 0;
  webhooks.asked.length = 0;
});

async function read(harness = edge, path = PATH) {
  const answer = await harness.call("GET", path);
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  const { data, pagination } = JSON.parse(answer.text) as { data: Entry[]; pagination: unknown };
  return { data, pagination, text: answer.text, ids: data.map(({ id }) => id) };
}

describe("GET /payments/:id/timeline", () => {
  test("tells what three services know as one story", async () => {
    const { data, pagination, ids } = await read();
    expect(ids).toEqual(["state:100:1", "ledger:4", "webhook:9", "state:100:2", "webhook:9:1"]);
    expect(pagination).toEqual({ page: 0, size: 500, totalElements: 5, totalPages: 1 });
    expect(data[0]).toEqual({
      id: "state:100:1",
      at: "2026-06-04T10:00:00.000Z",
      kind: "state",
      title: { en: "Payment created", bn: "পেমেন্ট তৈরি হয়েছে" },
      actor: "app:42",
      status: "CREATED",
      version: 1,
      refs: { paymentId: "100" },
      detail: { from: null, to: "CREATED", ms: 12.5, answer: { status: "VALID" } },
    });
    expect((await read()).ids).toEqual(ids);
  });

  test("a ledger transaction shows its lines and that they come to nothing", async () => {
    const { data } = await read();
    expect(data.find(({ kind }) => kind === "ledger")).toEqual({
      id: "ledger:4",
      at: "2026-06-04T10:00:00.010Z",
      kind: "ledger",
      title: { en: "Ledger: payment posted", bn: "লেজার: পেমেন্ট জমা" },
      actor: "payments",
      refs: { transactionId: "4", eventId: EVENT_ID },
      detail: {
        transactionId: 4,
        type: "CAPTURE",
        lines: [
          {
            account: "Assets:Gateway:Sslcommerz:Receivable",
            currency: "BDT",
            debitMinor: 10_000,
            creditMinor: 0,
          },
          { account: "Liabilities:Merchant:Payable", currency: "BDT", debitMinor: 0, creditMinor: 10_000 },
        ],
        sumMinor: 0,
      },
    });
  });

  test("a webhook shows its tries and the next one, and nothing that a receiver keeps secret", async () => {
    edge.webhooks.attempts = [
      attemptAt(T + 90, { number: 3, outcome: "", status: undefined as never, error: undefined as never }),
      attemptAt(T + 60, { number: 2, outcome: "OK", status: 200, error: undefined as never }),
      attemptAt(T + 30),
    ];
    edge.webhooks.deliveries = [deliveryAt(T + 20, { attempts: 3 })];
    const { data, text } = await read();
    const webhooks = data.filter(({ kind }) => kind === "webhook");
    expect(webhooks.map(({ title }) => title)).toEqual([
      { en: "Webhook payment.succeeded: to be sent", bn: "ওয়েবহুক payment.succeeded: পাঠানো হবে" },
      {
        en: "Webhook payment.succeeded, attempt 1: failed",
        bn: "ওয়েবহুক payment.succeeded, চেষ্টা ১: পৌঁছায়নি",
      },
      {
        en: "Webhook payment.succeeded, attempt 2: delivered",
        bn: "ওয়েবহুক payment.succeeded, চেষ্টা ২: পৌঁছেছে",
      },
      { en: "Webhook payment.succeeded, attempt 3: under way", bn: "ওয়েবহুক payment.succeeded, চেষ্টা ৩: চলছে" },
    ]);
    expect(webhooks[1]).toMatchObject({
      status: "HTTP",
      refs: { deliveryId: "9", eventId: EVENT_ID },
      detail: { type: "payment.succeeded", host: "shop.example:443", attempt: 1, httpStatus: 503, ms: 31 },
    });
    expect(webhooks.map(({ detail }) => detail.nextTryAt)).toEqual([
      "2026-06-04T10:00:05.020Z",
      null,
      null,
      "2026-06-04T10:00:05.020Z",
    ]);
    expect(webhooks[3]).not.toHaveProperty("status");
    expect(text).not.toMatch(/secret|192\.0\.2/);
  });

  test("asks for this payment in this scope alone", async () => {
    await read();
    expect(edge.ledger.asked).toMatchObject([
      { book: { applicationId: 42n, mode: 1 }, reference: "payment:100", pageSize: 500 },
    ]);
    expect(edge.webhooks.asked).toHaveLength(2);
    for (const asked of edge.webhooks.asked)
      expect(asked).toMatchObject({
        applicationId: 42n,
        mode: 1,
        paymentReference: expect.stringMatching(/^pay_/),
      });
  });

  test("reads the pages of the webhooks, and says when there is more than is shown", async () => {
    const tries = (count: number) =>
      Array.from({ length: count }, (_, i) => attemptAt(T + 1_000 - i, { number: count - i }));
    edge.webhooks.attempts = tries(250);
    expect((await read()).data.filter(({ kind }) => kind === "webhook")).toHaveLength(251);
    edge.webhooks.attempts = tries(700);
    const { data, pagination } = await read();
    expect(data).toHaveLength(500);
    expect(pagination).toEqual({ page: 0, size: 500, totalElements: 501, totalPages: 2 });
    Object.assign(edge.payments, { history: [] });
    Object.assign(edge.ledger, { transactions: [] });
    edge.webhooks.deliveries = [];
    expect(await read()).toMatchObject({ pagination: { totalElements: 501 }, data: { length: 500 } });
    edge.webhooks.attempts = [];
    edge.ledger.nextPageToken = "more";
    expect((await read()).pagination).toMatchObject({ totalElements: 501 });
    edge.ledger.nextPageToken = "";
    edge.payments.isHistoryCut = true;
    expect((await read()).pagination).toMatchObject({ totalElements: 501 });
  });
});

describe("a source that does not answer is one entry", () => {
  test.each(["ledger", "webhooks"] as const)("%s refuses", async (source) => {
    for (const failure of [new DomainError("UNAUTHORIZED", "Who?"), new Error("select at 10.0.0.7")]) {
      edge[source].failure = failure;
      const { data, ids, text } = await read();
      expect(ids).toContain("state:100:2");
      expect(ids.some((id) => id.startsWith(source === "ledger" ? "webhook:" : "ledger:"))).toBe(true);
      expect(data.at(-1)).toMatchObject({ kind: "unavailable", actor: "system", detail: { source } });
      expect(data.filter(({ kind }) => kind === "unavailable")).toHaveLength(1);
      expect(text).not.toContain("10.0.0.7");
    }
  });

  test("both hang: the answer comes all the same", async () => {
    const hang = () => new Promise<void>(() => undefined);
    edge.ledger.gate = hang;
    edge.webhooks.gate = hang;
    const { ids } = await read();
    expect(ids).toEqual(["state:100:1", "state:100:2", "unavailable:ledger", "unavailable:webhooks"]);
  });

  test("nobody listens at the addresses: the edge starts, is ready, and serves", async () => {
    await using alone = await startEdge({
      away: ["ledger", "webhooks"],
      env: { LEDGER_RPC_URL: "127.0.0.1:1", WEBHOOKS_RPC_URL: "nowhere.invalid:1" },
    });
    const path = await withPayment(alone);
    alone.payments.history = [told("state:100:1", T)];
    const { ids } = await read(alone, path);
    expect(ids).toEqual(["state:100:1", "unavailable:ledger", "unavailable:webhooks"]);
    expect((await fetch(`${alone.app.opsUrl}/readyz`)).status).toBe(200);
  });
});

describe("payments has to answer", () => {
  test.each(["SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED"] as const)("%s", async (reason) => {
    edge.payments.failure = new DomainError(reason, "Down.");
    const status = reason === "SERVICE_UNAVAILABLE" ? 503 : 504;
    expectRefusal(await edge.call("GET", PATH), status, reason);
  });

  test.each([
    ["the other mode", LIVE_KEY],
    ["another application", STRANGER_KEY],
  ])("a payment does not exist for %s, and nobody else is asked about it", async (_, key) => {
    const answer = await edge.call("GET", PATH, undefined, { "x-api-key": key });
    expectRefusal(answer, 404, "RESOURCE_NOT_FOUND");
    expect([edge.ledger.asked, edge.webhooks.asked]).toEqual([[], []]);
  });

  test.each(["0", "abc", "777"])("%s is the id of nothing", async (id) => {
    const answer = await edge.call("GET", `/api/v1/payments/${id}/timeline`);
    expectRefusal(answer, 404, "RESOURCE_NOT_FOUND");
  });
});
