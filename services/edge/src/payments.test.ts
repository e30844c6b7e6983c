import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BAD_AMOUNTS, badBodies, nestedBody } from "./testing/bad-bodies.ts";
import { CREDENTIALS, type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: contract §1–§4. */
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
  edge.payments.failure = null;
});

const PATH = "/api/v1/payments";
const good = { amountMinor: 10_000, customerReference: "cust_123" };
const paymentCalls = () => edge.payments.calls.filter((name) => name !== "AuthenticateCredential");

describe("POST /payments", () => {
  test("answers 201 with the payment in the envelope", async () => {
    const answer = await edge.call("POST", PATH, { ...good, productName: "Pro plan" });
    expect(answer.status).toBe(201);
    expect(answer.headers["idempotent-replayed"]).toBeUndefined();
    const { data, meta, pagination } = JSON.parse(answer.text);
    expect(data).toMatchObject({ status: "CREATED", amountMinor: 10_000, currency: "BDT", mode: "TEST" });
    expect(Object.keys(data)).toHaveLength(22);
    expect(meta).toEqual({
      success: true,
      message: null,
      errorCode: null,
      timestamp: "2026-06-04T10:00:00.257Z",
      requestId: answer.headers["x-request-id"],
    });
    expect(pagination).toBeNull();
  });

  test("sends what was sent, and nothing that was not", async () => {
    const sent = {
      ...good,
      customerEmail: "a@b.example",
      customerPhone: "০১৭১২৩৪৫৬৭৮",
      redirectUrl: "https://shop.example/@me/done?x=a@b",
      expiresInSeconds: 300,
      customerName: null,
      status: "SUCCEEDED",
      applicationId: 7,
      mode: "LIVE",
      nested: { unknown: [1.5, "x"] },
    };
    expect((await edge.call("POST", PATH, sent)).status).toBe(201);
    const [request] = edge.payments.created;
    expect(request).toMatchObject({
      applicationId: 42n,
      mode: 1,
      amount: { amountMinor: 10_000n, currency: "" },
      customerReference: "cust_123",
      customerEmail: "a@b.example",
      customerPhone: "০১৭১২৩৪৫৬৭৮",
      redirectUrl: "https://shop.example/@me/done?x=a@b",
      expiresInSeconds: 300,
      idempotencyKey: "",
    });
    expect(request).not.toHaveProperty("customerName");
    expect(request).not.toHaveProperty("productName");
  });

  test("takes the least and the largest of everything", async () => {
    const large = {
      amountMinor: 999_999_999_999_999,
      customerReference: "ক".repeat(255),
      currency: "KWD",
      customerName: "😀".repeat(255),
      productName: "",
      expiresInSeconds: 86_400,
    };
    expect((await edge.call("POST", PATH, large)).status).toBe(201);
    expect((await edge.call("POST", PATH, { amountMinor: 1, customerReference: "c" })).status).toBe(201);
  });

  test.each(["application/json; charset=utf-8", 'application/json;charset="UTF-8"', "APPLICATION/JSON"])(
    "takes the content type %s",
    async (type) => {
      expect((await edge.call("POST", PATH, good, { "content-type": type })).status).toBe(201);
    },
  );
});

describe("a bad field is named and reaches nobody", () => {
  const withAmount = (text: string): string => `{"customerReference":"c","amountMinor":${text}}`;

  test.each(BAD_AMOUNTS)("amountMinor %s", async (text) => {
    const answer = await edge.call("POST", PATH, withAmount(text));
    expect(Object.keys(expectRefusal(answer, 400, "VALIDATION_ERROR") ?? {})).toEqual(["amountMinor"]);
    expect(paymentCalls()).toEqual([]);
  });

  const rows: readonly [field: string, value: unknown][] = [
    ["customerReference", ""],
    ["customerReference", "c".repeat(256)],
    ["customerReference", 7],
    ["customerReference", null],
    ["customerReference", ["c"]],
    ["currency", "bdt"],
    ["currency", "XXX"],
    ["currency", ""],
    ["currency", "BDT "],
    ["currency", 50],
    ["customerEmail", "nobody"],
    ["customerEmail", ""],
    ["customerEmail", `${"a".repeat(250)}@b.co`],
    ["customerPhone", "01212345678"],
    ["customerPhone", "phone"],
    ["customerPhone", 1712345678],
    ["customerName", "n".repeat(256)],
    ["productName", "p".repeat(256)],
    ["productName", {}],
    ["invoiceId", 7],
    ["invoiceId", "7"],
    ["invoiceId", 0],
    ["invoiceId", 1.5],
    ["invoiceId", false],
    ["expiresInSeconds", 299],
    ["expiresInSeconds", 86_401],
    ["expiresInSeconds", 300.5],
    ["expiresInSeconds", "300"],
    ["redirectUrl", "/done"],
    ["redirectUrl", "//shop.example"],
    ["redirectUrl", "https:shop.example"],
    ["redirectUrl", "https:///shop.example"],
    ["redirectUrl", "ftp://shop.example"],
    ["redirectUrl", "javascript:alert(1)"],
    ["redirectUrl", "https://user@shop.example"],
    ["redirectUrl", "https://user:pass@shop.example"],
    ["redirectUrl", "https://@shop.example"],
    ["redirectUrl", "https://shop.example\\@evil.example"],
    ["redirectUrl", "https://shop.example/\n"],
    ["redirectUrl", " https://shop.example"],
    ["redirectUrl", `https://shop.example/${"x".repeat(2_048)}`],
    ["redirectUrl", ""],
  ];
  test.each(rows)("%s %j", async (field, value) => {
    const answer = await edge.call("POST", PATH, { ...good, [field]: value });
    expect(Object.keys(expectRefusal(answer, 400, "VALIDATION_ERROR") ?? {})).toEqual([field]);
    expect(paymentCalls()).toEqual([]);
  });

  test.each(["300.0", "3e2", "-0"])("expiresInSeconds written as %s", async (text) => {
    const body = `{"amountMinor":1,"customerReference":"c","expiresInSeconds":${text}}`;
    const data = expectRefusal(await edge.call("POST", PATH, body), 400, "VALIDATION_ERROR");
    expect(Object.keys(data ?? {})).toEqual(["expiresInSeconds"]);
  });

  test("all bad fields at once, each with its rule and type but never its value", async () => {
    const answer = await edge.call("POST", PATH, { amountMinor: "secret-text", currency: "zzz" });
    expect(expectRefusal(answer, 400, "VALIDATION_ERROR")).toEqual({
      amountMinor: "must be an integer, not a string",
      customerReference: "is required",
      currency: "must be an ISO 4217 code, upper case",
    });
    expect(answer.text).not.toContain("secret-text");
  });

  test("the last of duplicate keys counts, and is judged by its own text", async () => {
    const body = '{"amountMinor":100,"customerReference":"c","amountMinor":1e2}';
    expectRefusal(await edge.call("POST", PATH, body), 400, "VALIDATION_ERROR");
  });
});

describe("a body that is not the JSON we take", () => {
  const rows: ReturnType<typeof badBodies> = [
    ...badBodies(good),
    ["holds NUL in a text", '{"amountMinor":1,"customerReference":"a\\u0000b"}', "customerReference"],
    ["holds a lone surrogate", '{"amountMinor":1,"customerReference":"\\ud800"}', "customerReference"],
  ];
  test.each(rows)("%s", async (_, body, field) => {
    const answer = await edge.call("POST", PATH, body);
    expect(Object.keys(expectRefusal(answer, 400, "VALIDATION_ERROR") ?? {})).toEqual([field]);
    expect(paymentCalls()).toEqual([]);
  });

  test("32 levels, brackets in texts, and the word __proto__ in a text are fine", async () => {
    expect((await edge.call("POST", PATH, nestedBody(good, 32))).status).toBe(201);
    const texts = { ...good, productName: `"${"[".repeat(200)}`, customerName: '"__proto__": 1' };
    expect((await edge.call("POST", PATH, texts)).status).toBe(201);
  });

  test("no body at all is 400", async () => {
    expectRefusal(await edge.send("POST", PATH, { headers: CREDENTIALS }), 400, "VALIDATION_ERROR");
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json; charset=latin1",
    "json",
    "a/b/c",
    "",
  ])("the content type %j is 415", async (type) => {
    const answer = await edge.call("POST", PATH, good, { "content-type": type });
    expectRefusal(answer, 415, "UNSUPPORTED_MEDIA_TYPE");
    expect(paymentCalls()).toEqual([]);
  });

  test("a missing content type and a compressed body are 415", async () => {
    const body = JSON.stringify(good);
    expectRefusal(
      await edge.send("POST", PATH, { headers: CREDENTIALS, body }),
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    );
    const compressed = await edge.call("POST", PATH, good, { "content-encoding": "gzip" });
    expectRefusal(compressed, 415, "UNSUPPORTED_MEDIA_TYPE");
  });

  const padded = (size: number): string => {
    const body = JSON.stringify({ ...good, x: "" });
    return body.replace('"x":""', `"x":"${"y".repeat(size - body.length)}"`);
  };

  test("64 KiB are taken, one byte more is 413 and ends the connection", async () => {
    expect((await edge.call("POST", PATH, padded(65_536))).status).toBe(201);
    for (const headers of [{}, { "content-type": "text/plain" }]) {
      const answer = await edge.call("POST", PATH, padded(65_537), headers);
      expectRefusal(answer, 413, "PAYLOAD_TOO_LARGE");
      expect(answer.headers.connection).toBe("close");
    }
    expect(paymentCalls()).toHaveLength(1);
  });

  test("a chunked body is counted while it comes", async () => {
    const body = padded(300_000);
    const headers = { ...CREDENTIALS, "content-type": "application/json", "transfer-encoding": "chunked" };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const answer = await edge.raw(
      `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\n${head.join("\r\n")}\r\n\r\n${chunk}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain("PAYLOAD_TOO_LARGE");
  });
});
