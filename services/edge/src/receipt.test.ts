import { DomainError } from "@oi/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";
import { LIVE_KEY, STRANGER_KEY } from "./testing/stub-services.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: contract §7. */
let edge: EdgeHarness;
let PATH: string;

beforeAll(async () => {
  edge = await startEdge();
  const payment = { amountMinor: 10_000, customerReference: "cust_123" };
  const made = await edge.call("POST", "/api/v1/payments", payment, { "idempotency-key": "paid" });
  PATH = `/api/v1/payments/${JSON.parse(made.text).data.id}/receipt`;
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.failure = null;
  edge.payments.calls.length = 0;
});

const paymentCalls = () => edge.payments.calls.filter((name) => name !== "AuthenticateCredential");
const read = (headers: Record<string, string> = {}, path = PATH) =>
  edge.call("GET", path, undefined, headers);

describe("GET /payments/:id/receipt", () => {
  test("shows exactly what the contract names", async () => {
    const answer = await read();
    expect(answer.status).toBe(200);
    expect(answer.headers.vary).toBe("Accept");
    const { data } = JSON.parse(answer.text);
    expect(Object.keys(data)).toEqual([
      ...["receiptNumber", "issuedAt", "application", "payment", "customer", "refunds"],
      ...["netMinor", "netDisplay", "amountInWords", "mode", "verificationUrl"],
    ]);
    expect(data).toMatchObject({
      receiptNumber: 3,
      application: { name: "Storefront" },
      payment: { amountMinor: 10_000, amountDisplay: "৳100.00", method: { last4: "1111" } },
      customer: { phone: "+8801712345678", name: null },
      refunds: [{ id: 7, amountMinor: 2_500, status: "SUCCEEDED" }],
      netMinor: 7_500,
      amountInWords: { en: "One hundred taka only", bn: "একশত টাকা মাত্র" },
    });
  });

  test.each([
    "application/json",
    "*/*",
    "application/*",
    "text/html, application/json;q=0.1",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "",
  ])("is JSON for Accept %j", async (accept) => {
    const answer = await read({ accept });
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test.each([
    "text/html",
    "application/pdf",
    "application/pdf, text/html;q=0.5",
    "application/json;q=0, */*",
  ])("is refused for Accept %j, which reaches nobody", async (accept) => {
    const data = expectRefusal(await read({ accept }), 400, "VALIDATION_ERROR");
    expect(data).toEqual({ Accept: expect.stringContaining("application/json") });
    expect(edge.payments.calls).toEqual([]);
  });

  test.each([
    ["RESOURCE_NOT_FOUND", 404],
    ["INVALID_OPERATION_STATE", 409],
    ["SERVICE_UNAVAILABLE", 503],
  ] as const)("%s of payments is %d", async (reason, status) => {
    edge.payments.failure = new DomainError(reason, "No receipt.");
    expectRefusal(await read(), status, reason);
  });

  test.each([
    ["the other mode", LIVE_KEY],
    ["another application", STRANGER_KEY],
  ])("does not exist for %s", async (_, key) => {
    expectRefusal(await read({ "x-api-key": key }), 404, "RESOURCE_NOT_FOUND");
  });

  test.each(["0", "abc", "9007199254740992"])(
    "%s is the id of nothing, which needs no question",
    async (id) => {
      expectRefusal(await read({}, `/api/v1/payments/${id}/receipt`), 404, "RESOURCE_NOT_FOUND");
      expect(paymentCalls()).toEqual([]);
    },
  );
});
