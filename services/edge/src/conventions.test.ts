import { fc, test as property } from "@fast-check/vitest";
import { DomainError, ERROR_REASONS } from "@oi/kernel/errors";
import { ERROR_MAP } from "@oi/platform/rpc/error-map";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  CREDENTIALS,
  type EdgeHarness,
  expectRefusal,
  sentenceOf,
  startEdge,
} from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: contract §1–§4. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge({ env: { CREDENTIAL_CACHE_SECONDS: "0" } });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.calls.length = 0;
  edge.payments.requestIds.length = 0;
  edge.payments.failure = null;
});

const good = { amountMinor: 10_000, customerReference: "cust_123" };
const { "x-api-key": apiKey, "x-api-secret": apiSecret } = CREDENTIALS;

describe("credentials", () => {
  const rows: readonly [name: string, headers: Record<string, string | string[]>][] = [
    ["none", {}],
    ["no secret", { "x-api-key": apiKey }],
    ["no key", { "x-api-secret": apiSecret }],
    ["empty", { "x-api-key": "", "x-api-secret": "" }],
    ["a wrong secret", { "x-api-key": apiKey, "x-api-secret": "wrong" }],
    ["a wrong key", { "x-api-key": "wrong", "x-api-secret": apiSecret }],
    ["exchanged", { "x-api-key": apiSecret, "x-api-secret": apiKey }],
    ["a key that is too long", { "x-api-key": "k".repeat(129), "x-api-secret": apiSecret }],
    ["a secret that is too long", { "x-api-key": apiKey, "x-api-secret": "s".repeat(257) }],
    ["a key twice", { "x-api-key": [apiKey, apiKey], "x-api-secret": apiSecret }],
    ["letters beyond ASCII", { "x-api-key": "\u00e9", "x-api-secret": apiSecret }],
  ];
  test.each(rows)("%s: the same 401 everywhere, before the body is looked at", async (_, headers) => {
    const answers = [
      await edge.send("POST", "/api/v1/payments", { headers, body: "x".repeat(70_000) }),
      await edge.send("GET", "/api/v1/payments/1", { headers }),
      await edge.send("GET", "/api/v1/payments?size=0", { headers }),
      await edge.send("GET", "/api/v1/app/me", { headers }),
    ];
    for (const answer of answers) {
      expectRefusal(answer, 401, "UNAUTHORIZED");
      expect(sentenceOf(answer)).toBe("The API key or the API secret is missing or wrong.");
    }
    expect(edge.payments.calls.filter((name) => name !== "AuthenticateCredential")).toEqual([]);
  });

  test("the right ones say who is calling", async () => {
    const answer = await edge.call("GET", "/api/v1/app/me");
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).data).toEqual({ id: 42, name: "Storefront", mode: "TEST" });
  });

  test("a service that is down is not a wrong credential", async () => {
    edge.payments.failure = new DomainError("SERVICE_UNAVAILABLE", "Down.");
    expectRefusal(await edge.call("GET", "/api/v1/app/me"), 503, "SERVICE_UNAVAILABLE");
  });
});

describe("paths and methods", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/api/v1"],
    ["POST", "/api/v1/payments/"],
    ["GET", "/api/v1/payments/1/unknown"],
    ["GET", "/API/V1/payments"],
    ["GET", "/api/v1/payments/%zz"],
    ["GET", "/admin"],
    ["PROPFIND", "/api/v1/nothing"],
    ["GET", "/checkout/a/b/c"],
    ["POST", `/api/v1/gateways/sslcommerz/return/maybe/x`],
    ["GET", `/${"x".repeat(8_000)}`],
  ])("%s %s is 404 whatever the body and the credentials are", async (method, path) => {
    const headers = { "content-type": "text/plain" };
    expectRefusal(await edge.send(method, path, { headers, body: "{" }), 404, "RESOURCE_NOT_FOUND");
  });

  test.each([
    ["DELETE", "/api/v1/payments", "GET, HEAD, OPTIONS, POST"],
    ["PROPFIND", "/api/v1/payments", "GET, HEAD, OPTIONS, POST"],
    ["POST", "/api/v1/payments/1", "GET, HEAD, OPTIONS"],
    ["PUT", "/api/v1/app/me?x=1", "GET, HEAD, OPTIONS"],
    ["PATCH", "/api/v1/checkout/pay_x", "GET, HEAD, OPTIONS"],
    ["GET", "/api/v1/gateways/sslcommerz/ipn", "OPTIONS, POST"],
    ["PUT", "/api/v1/gateways/sslcommerz/return/fail/pay_x", "GET, HEAD, OPTIONS, POST"],
    ["POST", "/checkout/pay_x", "GET, HEAD, OPTIONS"],
    ["DELETE", "/checkout/pay_x/pay", "GET, HEAD, OPTIONS, POST"],
  ])("%s %s is 405 and says what is possible", async (method, path, allow) => {
    const headers = { "content-type": "text/plain" };
    const answer = await edge.send(method, path, { headers, body: "x" });
    expectRefusal(answer, 405, "METHOD_NOT_ALLOWED");
    expect(answer.headers.allow).toBe(allow);
    expect(edge.payments.calls).toEqual([]);
  });

  test("OPTIONS says what is possible", async () => {
    const answer = await edge.send("OPTIONS", "/api/v1/payments");
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers.allow).toBe("GET, HEAD, OPTIONS, POST");
  });

  test("HEAD is GET without the body", async () => {
    const [head, get] = [await edge.call("HEAD", "/api/v1/app/me"), await edge.call("GET", "/api/v1/app/me")];
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    expect((await edge.send("HEAD", "/api/v1/app/me")).status).toBe(401);
  });
});

describe("request ids", () => {
  test.each(["a", "order-7/try:2", "~".repeat(128)])("keeps %s and passes it on", async (id) => {
    const answer = await edge.call("GET", "/api/v1/app/me", undefined, { "x-request-id": id });
    expect(answer.headers["x-request-id"]).toBe(id);
    expect(JSON.parse(answer.text).meta.requestId).toBe(id);
    expect(edge.payments.requestIds).toEqual([id]);
  });

  test.each(["", "two words", "x".repeat(129), "\u00e9"])("makes its own instead of %j", async (id) => {
    const answer = await edge.call("GET", "/api/v1/app/me", undefined, { "x-request-id": id });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(answer.text).meta.requestId).toBe(answer.headers["x-request-id"]);
  });
});

describe("every reason of the catalogue", () => {
  test.each(ERROR_REASONS)("%s has its status and its hints", async (reason) => {
    edge.payments.failure = new DomainError(reason, "A sentence.");
    const answer = await edge.send("GET", "/api/v1/checkout/pay_1111111111111111111111");
    expectRefusal(answer, ERROR_MAP[reason].http, reason);
    const ours = reason === "INTERNAL_ERROR" ? "Something went wrong on our side." : "A sentence.";
    expect(sentenceOf(answer)).toBe(ours);
    const retry = ["RATE_LIMITED", "GATEWAY_UNAVAILABLE", "SERVICE_UNAVAILABLE", "IDEMPOTENCY_IN_PROGRESS"];
    expect(answer.headers["retry-after"]).toBe(retry.includes(reason) ? "1" : undefined);
    const read = [...retry, "INTERNAL_ERROR", "DEADLINE_EXCEEDED"];
    expect(answer.headers["x-should-retry"]).toBe(String(read.includes(reason)));
  });

  test("a write whose outcome is not known may be repeated only with a key", async () => {
    await using remembering = await startEdge();
    await remembering.call("GET", "/api/v1/app/me");
    remembering.payments.failure = new DomainError("DEADLINE_EXCEEDED", "Late.");
    const plain = await remembering.call("POST", "/api/v1/payments", good);
    const keyed = await remembering.call("POST", "/api/v1/payments", good, { "idempotency-key": "k" });
    expect([plain, keyed].map(({ headers }) => headers["x-should-retry"])).toEqual(["false", "true"]);
  });

  test("the time that a service asks for is passed on", async () => {
    edge.payments.failure = new DomainError("SERVICE_UNAVAILABLE", "Later.", { retryAfterSeconds: 17 });
    const answer = await edge.send("GET", "/api/v1/checkout/pay_1111111111111111111111");
    expect(answer.headers["retry-after"]).toBe("17");
  });

  test("nothing internal is shown", async () => {
    edge.payments.failure = new Error("select * from payment at 10.0.0.7");
    const answer = await edge.send("GET", "/api/v1/checkout/pay_1111111111111111111111");
    expectRefusal(answer, 500, "INTERNAL_ERROR");
    expect(answer.text).toContain("Something went wrong on our side.");
    expect(answer.text).not.toMatch(/select|10\.0\.0\.7|\.ts/);
  });

  test("a field that payments refuses is named as the merchant knows it", async () => {
    await using remembering = await startEdge();
    await remembering.call("GET", "/api/v1/app/me");
    remembering.payments.failure = new DomainError("VALIDATION_ERROR", "amountMinor: is too small", {
      fields: { amountMinor: "is too small" },
    });
    const answer = await remembering.call("POST", "/api/v1/payments", good);
    expect(expectRefusal(answer, 400, "VALIDATION_ERROR")).toEqual({ amountMinor: "is too small" });
  });
});

describe("bytes that are no HTTP", () => {
  const rows: readonly [name: string, text: string][] = [
    ["no request line", "hello\r\n\r\n"],
    ["a header without colon", "GET / HTTP/1.1\r\nhost: localhost\r\nbroken\r\n\r\n"],
    [
      "two lengths",
      "POST /api/v1/payments HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    ],
    [
      "length and chunks",
      "POST /api/v1/payments HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["too many bytes of headers", `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(20_000)}\r\n\r\n`],
    ["no host", "GET /api/v1/app/me HTTP/1.1\r\n\r\n"],
    ["two hosts", "GET /api/v1/app/me HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n"],
    ["an absolute target", "GET http://evil.example/api/v1/app/me HTTP/1.1\r\nhost: localhost\r\n\r\n"],
  ];
  test.each(rows)("%s: 400 in the envelope, and the connection ends", async (_, text) => {
    const answer = await edge.raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer.toLowerCase()).toContain("connection: close");
    const { data, meta, pagination } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    expect({ data, pagination }).toEqual({ data: expect.any(Object), pagination: null });
    expect(meta).toMatchObject({ success: false, errorCode: "VALIDATION_ERROR" });
  });
});

describe("whatever comes", () => {
  const keys = fc.constantFrom(
    "amountMinor",
    "customerReference",
    "currency",
    "redirectUrl",
    "invoiceId",
    "x",
  );
  const bodies = fc.oneof(
    fc.json(),
    fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc
      .record({ amountMinor: fc.integer(), customerReference: fc.string() })
      .map((value) => JSON.stringify(value)),
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: "binary" }),
  );
  property.prop([bodies], { numRuns: 300 })("a body never makes a 5xx", async (body) => {
    const { status } = await edge.call("POST", "/api/v1/payments", body);
    expect([201, 400]).toContain(status);
  });

  property.prop([fc.webPath(), fc.webQueryParameters()], { numRuns: 100 })(
    "an address never makes a 5xx",
    async (path, query) => {
      for (const base of ["", "/api/v1/payments", "/checkout"]) {
        const { status } = await edge.call("GET", `${base}/${path}?${query}`.replaceAll("//", "/"));
        expect(status).toBeLessThan(500);
      }
    },
  );
});
