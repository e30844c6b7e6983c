import { fc, test as property } from "@fast-check/vitest";
import { DomainError } from "@oi/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BAD_AMOUNTS, badBodies, mutatedBodies, nestedBody } from "./testing/bad-bodies.ts";
import { CREDENTIALS, type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";
import { REFUNDABLE } from "./testing/stub-refunds.ts";
import { LIVE_KEY, STRANGER_KEY } from "./testing/stub-services.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: contract §1, §3 and §6. */
let edge: EdgeHarness;
let PATH: string;

beforeAll(async () => {
  edge = await startEdge();
  const payment = { amountMinor: 10_000, customerReference: "cust_123" };
  const made = await edge.call("POST", "/api/v1/payments", payment, { "idempotency-key": "paid" });
  PATH = `/api/v1/payments/${JSON.parse(made.text).data.id}/refunds`;
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.refundsAsked.length = 0;
  edge.payments.refundsListed.length = 0;
  edge.payments.failure = null;
});

const good = { amountMinor: 2_500 };
const KEYS = [
  ...["id", "paymentId", "mode", "amountMinor", "currency", "reason", "status", "gatewayRefundId"],
  ...["createdBy", "approvedBy", "failureReason", "createdAt", "updatedAt"],
];

describe("POST /payments/:id/refunds", () => {
  test("answers 201 with the refund in the envelope", async () => {
    const answer = await edge.call("POST", PATH, { ...good, reason: "ভাঙা ছিল" });
    expect(answer.status).toBe(201);
    expect(answer.headers["idempotent-replayed"]).toBeUndefined();
    const { data, meta, pagination } = JSON.parse(answer.text);
    expect(Object.keys(data)).toEqual(KEYS);
    expect(data).toMatchObject({ paymentId: 100, amountMinor: 2_500, reason: "ভাঙা ছিল", status: "PENDING" });
    expect(data).toMatchObject({ createdBy: "app:42", gatewayRefundId: null, mode: "TEST" });
    expect(meta).toMatchObject({ success: true, timestamp: "2026-06-04T12:00:00.257Z" });
    expect(meta.requestId).toBe(answer.headers["x-request-id"]);
    expect(pagination).toBeNull();
  });

  test("sends what was sent, under the credential's own scope, and nothing that was not", async () => {
    const sent = {
      ...good,
      reason: null,
      status: "SUCCEEDED",
      applicationId: 7,
      mode: "LIVE",
      paymentId: 7,
      createdBy: "karim",
      receiptId: 3,
      gatewayRefundId: "x",
      nested: { unknown: [1.5, "x"] },
    };
    expect((await edge.call("POST", PATH, sent)).status).toBe(201);
    const [request] = edge.payments.refundsAsked;
    expect(request).toMatchObject({ applicationId: 42n, mode: 1, paymentId: 100n, amountMinor: 2_500n });
    expect(request).toMatchObject({ idempotencyKey: "", requestId: expect.stringMatching(/./) });
    expect(request).not.toHaveProperty("reason");
    expect(request).not.toHaveProperty("createdBy");
  });

  test("takes the least, the longest reason and an empty one", async () => {
    for (const body of [
      { amountMinor: 1, reason: "😀".repeat(500) },
      { amountMinor: 1, reason: "" },
    ]) {
      expect((await edge.call("POST", PATH, body)).status).toBe(201);
    }
    expect(edge.payments.refundsAsked.map(({ reason }) => reason?.length)).toEqual([1_000, 0]);
  });

  test("a replay has the same bytes and says so; another body is a conflict", async () => {
    const key = { "idempotency-key": '"refund-1"' };
    const first = await edge.call("POST", PATH, good, { ...key, "x-request-id": "first" });
    const second = await edge.call("POST", PATH, good, { ...key, "x-request-id": "second" });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.text).toBe(first.text);
    expect(first.headers["idempotent-replayed"]).toBeUndefined();
    expect(second.headers["idempotent-replayed"]).toBe("true");
    expect(second.headers["x-request-id"]).toBe("second");
    expect(edge.payments.refundsAsked[0]?.idempotencyKey).toBe("refund-1");
    const other = await edge.call("POST", PATH, { amountMinor: 2_501 }, key);
    expectRefusal(other, 409, "IDEMPOTENCY_KEY_CONFLICT");
    const bad = await edge.call("POST", PATH, good, { "idempotency-key": "two words" });
    expect(Object.keys(expectRefusal(bad, 400, "VALIDATION_ERROR") ?? {})).toEqual(["Idempotency-Key"]);
  });

  test("what payments refuses is passed on", async () => {
    expectRefusal(
      await edge.call("POST", PATH, { amountMinor: Number(REFUNDABLE) + 1 }),
      409,
      "INVALID_OPERATION_STATE",
    );
    edge.payments.failure = new DomainError("IDEMPOTENCY_IN_PROGRESS", "Wait.");
    const waiting = await edge.call("POST", PATH, good, { "idempotency-key": "k" });
    expectRefusal(waiting, 409, "IDEMPOTENCY_IN_PROGRESS");
    expect(waiting.headers).toMatchObject({ "retry-after": "1", "x-should-retry": "true" });
  });
});

describe("a body that is not a refund names its field and reaches nobody", () => {
  const refused = async (body: unknown, field: string): Promise<void> => {
    const data = expectRefusal(await edge.call("POST", PATH, body), 400, "VALIDATION_ERROR");
    expect(Object.keys(data ?? {})).toEqual([field]);
    expect(edge.payments.refundsAsked).toEqual([]);
  };

  test.each(BAD_AMOUNTS)("amountMinor %s", (text) => refused(`{"amountMinor":${text}}`, "amountMinor"));
  test("no amountMinor", () => refused({}, "amountMinor"));
  test.each([["r".repeat(501)], [7], [["x"]], [{}], [false]])("reason %j", (reason) =>
    refused({ ...good, reason }, "reason"),
  );
  test("a card number in the reason", () => refused({ ...good, reason: "4111 1111 1111 1111" }, "reason"));
  test.each(badBodies(good))("one that %s", (_, body, field) => refused(body, field));

  test("32 levels are fine, another content type is not, and 64 KiB are the end", async () => {
    expect((await edge.call("POST", PATH, nestedBody(good, 32))).status).toBe(201);
    const typed = await edge.call("POST", PATH, good, { "content-type": "text/plain" });
    expectRefusal(typed, 415, "UNSUPPORTED_MEDIA_TYPE");
    expectRefusal(await edge.call("POST", PATH, "x".repeat(65_537)), 413, "PAYLOAD_TOO_LARGE");
  });

  const bodies = fc.oneof(
    mutatedBodies(['{"amountMinor":1250,"reason":"ভাঙা ছিল"}', '{"amountMinor":1,"reason":"\\u0995"}']),
    fc.json().map((text) => Buffer.from(text)),
  );
  property.prop([bodies], { numRuns: 200 })("whatever comes makes no 5xx", async (body) => {
    const { status } = await edge.call("POST", PATH, body);
    // 409: mutated digits can say more than there is to refund.
    expect([201, 400, 409]).toContain(status);
  });
});

describe("reading refunds", () => {
  test("one refund is what was made", async () => {
    const { data } = JSON.parse((await edge.call("POST", PATH, good)).text);
    const answer = await edge.call("GET", `/api/v1/refunds/${data.id}`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).data).toEqual(data);
  });

  test("the list asks for the newest twenty and counts the pages", async () => {
    const answer = await edge.call("GET", PATH);
    expect(answer.status).toBe(200);
    const { data, pagination } = JSON.parse(answer.text);
    expect(pagination).toMatchObject({ page: 0, size: 20, totalElements: expect.any(Number) });
    expect(Object.keys(data[0])).toEqual(KEYS);
    const [asked] = edge.payments.refundsListed;
    expect(asked).toMatchObject({ paymentId: 100n, applicationId: 42n, mode: 1 });
    expect(asked).toMatchObject({ pageSize: 20, skip: 0, ascending: false });
  });

  test("the list passes every parameter on", async () => {
    expect((await edge.call("GET", `${PATH}?page=99&size=100&sortBy=createdAt&order=ASC&x=1`)).status).toBe(
      200,
    );
    expect(edge.payments.refundsListed[0]).toMatchObject({ pageSize: 100, skip: 9_900, ascending: true });
  });

  test.each([
    ["page=-1", "page"],
    ["page=100&size=100", "page"],
    ["size=0", "size"],
    ["size=101", "size"],
    ["size=5&size=6", "size"],
    ["sortBy=amountMinor", "sortBy"],
    ["order=asc", "order"],
  ])("?%s is 400 on %s", async (query, field) => {
    const data = expectRefusal(await edge.call("GET", `${PATH}?${query}`), 400, "VALIDATION_ERROR");
    expect(Object.keys(data ?? {})).toEqual([field]);
    expect(edge.payments.refundsListed).toEqual([]);
  });
});

describe("what is not there", () => {
  test.each(["0", "-1", "01", "1e3", "abc", "pay_1", "9007199254740992", "%00", "777"])(
    "%s is the id of nothing",
    async (id) => {
      const path = `/api/v1/payments/${id}/refunds`;
      expectRefusal(await edge.call("POST", path, good), 404, "RESOURCE_NOT_FOUND");
      expectRefusal(await edge.call("GET", path), 404, "RESOURCE_NOT_FOUND");
      expectRefusal(await edge.call("GET", `/api/v1/refunds/${id}`), 404, "RESOURCE_NOT_FOUND");
    },
  );

  test.each([
    ["the other mode", LIVE_KEY],
    ["another application", STRANGER_KEY],
  ])("a payment and its refunds do not exist for %s", async (_, key) => {
    const { data } = JSON.parse((await edge.call("POST", PATH, good)).text);
    const other = { "x-api-key": key };
    expectRefusal(await edge.call("POST", PATH, good, other), 404, "RESOURCE_NOT_FOUND");
    expectRefusal(await edge.call("GET", PATH, undefined, other), 404, "RESOURCE_NOT_FOUND");
    const one = await edge.call("GET", `/api/v1/refunds/${data.id}`, undefined, other);
    expectRefusal(one, 404, "RESOURCE_NOT_FOUND");
  });
});

describe("methods", () => {
  test.each([
    ["DELETE", "/api/v1/payments/100/refunds", "GET, HEAD, OPTIONS, POST"],
    ["POST", "/api/v1/refunds/7", "GET, HEAD, OPTIONS"],
    ["PUT", "/api/v1/payments/100/receipt", "GET, HEAD, OPTIONS"],
    ["POST", "/api/v1/payments/100/timeline", "GET, HEAD, OPTIONS"],
  ])("%s %s is 405 and says what is possible, and so does OPTIONS", async (method, path, allow) => {
    const answer = await edge.send(method, path, { body: "{" });
    expectRefusal(answer, 405, "METHOD_NOT_ALLOWED");
    expect(answer.headers.allow).toBe(allow);
    const options = await edge.send("OPTIONS", path);
    expect(options).toMatchObject({ status: 204, text: "", headers: { allow } });
  });

  test("without credentials every one is 401, and HEAD is GET without the body", async () => {
    const paths = [
      PATH,
      "/api/v1/refunds/1",
      "/api/v1/payments/100/receipt",
      "/api/v1/payments/100/timeline",
    ];
    for (const path of paths) {
      expectRefusal(await edge.send("GET", path), 401, "UNAUTHORIZED");
      expect(await edge.call("HEAD", path)).toMatchObject({ status: 200, text: "" });
    }
    const wrong = { headers: { ...CREDENTIALS, "x-api-secret": "wrong" }, body: "{" };
    expectRefusal(await edge.send("POST", PATH, wrong), 401, "UNAUTHORIZED");
  });
});

test("refunds have a bucket per application, which reading them does not touch", async () => {
  await using limited = await startEdge({ env: { RATE_LIMIT_REFUND_RPS: "1" } });
  const path = "/api/v1/payments/1/refunds";
  const ask = (headers = {}) => limited.call("POST", path, good, headers);
  expect((await ask()).status).toBe(404);
  // Both modes are one application.
  expect((await ask({ "x-api-key": LIVE_KEY })).status).toBe(404);
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask()));
  const refused = answers.find(({ status }) => status === 429);
  expect(refused).toBeDefined();
  if (refused) expectRefusal(refused, 429, "RATE_LIMITED");
  expect(Number(refused?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect((await ask({ "x-api-key": STRANGER_KEY })).status).toBe(404);
  expect((await limited.call("GET", path)).status).toBe(404);
  expect((await limited.call("GET", "/api/v1/app/me")).status).toBe(200);
});
