import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CREDENTIALS, type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: contract §3. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge();
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.calls.length = 0;
  edge.payments.created.length = 0;
});

const PATH = "/api/v1/payments";
const good = { amountMinor: 10_000, customerReference: "cust_123" };
const paymentCalls = () => edge.payments.calls.filter((name) => name !== "AuthenticateCredential");

describe("Idempotency-Key", () => {
  test("quoted and bare are one key, sent without quotes", async () => {
    await edge.call("POST", PATH, good, { "idempotency-key": "key-1" });
    await edge.call("POST", PATH, good, { "idempotency-key": '"key-1"' });
    expect(edge.payments.created.map(({ idempotencyKey }) => idempotencyKey)).toEqual(["key-1", "key-1"]);
  });

  test("a replay has the same bytes and says so; the first answer does not", async () => {
    const key = { "idempotency-key": "replayed" };
    const first = await edge.call("POST", PATH, good, { ...key, "x-request-id": "first" });
    const second = await edge.call("POST", PATH, good, { ...key, "x-request-id": "second" });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.text).toBe(first.text);
    expect(JSON.parse(second.text).meta.requestId).toBe("first");
    expect(first.headers["idempotent-replayed"]).toBeUndefined();
    expect(second.headers["idempotent-replayed"]).toBe("true");
    expect(second.headers["x-request-id"]).toBe("second");
  });

  test("what is refused for its body, its credentials or its number uses no key up: payments never sees it", async () => {
    await using few = await startEdge({ env: { RATE_LIMIT_RPS: "1", RATE_LIMIT_BURST: "3" } });
    const send = (body: unknown, headers = {}) =>
      few.call("POST", PATH, body, { "idempotency-key": "free", ...headers });
    expectRefusal(await send({ ...good, amountMinor: 0 }), 400, "VALIDATION_ERROR");
    expectRefusal(await send(good, { "x-api-secret": "wrong" }), 401, "UNAUTHORIZED");
    expectRefusal(await send("{"), 400, "VALIDATION_ERROR");
    expect(few.payments.created).toEqual([]);
    expect((await send(good)).headers["idempotent-replayed"]).toBeUndefined();
    const seen = few.payments.created.length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(good)));
    const taken = answers.filter(({ status }) => status === 201).length;
    expect(taken).toBeLessThan(20);
    expect(few.payments.created).toHaveLength(seen + taken);
  });

  test("255 characters are taken", async () => {
    const answer = await edge.call("POST", PATH, good, { "idempotency-key": "k".repeat(255) });
    expect(answer.status).toBe(201);
  });

  test.each(["", '""', "two words", "k".repeat(256), `"${"k".repeat(256)}"`, "\u00e9", "a\tb"])(
    "%j is refused",
    async (key) => {
      const answer = await edge.call("POST", PATH, good, { "idempotency-key": key });
      expect(Object.keys(expectRefusal(answer, 400, "VALIDATION_ERROR") ?? {})).toEqual(["Idempotency-Key"]);
      expect(paymentCalls()).toEqual([]);
    },
  );

  test("two of them are none", async () => {
    const headers = { ...CREDENTIALS, "content-type": "application/json", "idempotency-key": ["a", "b"] };
    const answer = await edge.send("POST", PATH, { headers, body: JSON.stringify(good) });
    expectRefusal(answer, 400, "VALIDATION_ERROR");
  });
});
