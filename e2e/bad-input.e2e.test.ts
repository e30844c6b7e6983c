/**
 * Real: every service, PostgreSQL, NATS, HTTP over gRPC.
 * Doubles: none is reached.
 * Oracles: the public contract's table of errors, and the rows of payments' database: nothing may be stored.
 */
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import type { Envelope } from "./merchant.ts";

const GOOD = { amountMinor: 10_000, customerReference: "cust_123" };

describe("bad input", () => {
  let oi: Harness;
  let sql: postgres.Sql;

  beforeAll(async () => {
    oi = await startHarness({ transport: "grpc" });
    sql = postgres(oi.databases.payments.url, { max: 1 });
  });
  afterAll(async () => {
    await sql?.end();
    await oi?.[Symbol.asyncDispose]();
  });

  async function rows(): Promise<unknown> {
    const [counts] = await sql`
      select (select count(*) from payment)::int as payments, (select count(*) from idempotency)::int as keys,
        (select count(*) from payment_history)::int as steps, (select count(*) from outbox)::int as events`;
    return counts;
  }

  async function post(body: string | Uint8Array, headers: Record<string, string> = {}) {
    const { apiKey, apiSecret } = oi.merchant;
    const response = await fetch(`${oi.constellation.publicUrl}/api/v1/payments`, {
      method: "POST",
      headers: {
        "x-api-key": apiKey,
        "x-api-secret": apiSecret,
        "content-type": "application/json",
        "idempotency-key": "bad-input",
        ...headers,
      },
      body,
    });
    return {
      status: response.status,
      headers: response.headers,
      json: (await response.json()) as Envelope<Record<string, string> | null>,
    };
  }

  const json = (part: object): string => JSON.stringify({ ...GOOD, ...part });
  const FIELDS: [name: string, body: string, field: string][] = [
    ["an amount as text", json({ amountMinor: "100" }), "amountMinor"],
    ["a fraction", json({ amountMinor: 100.5 }), "amountMinor"],
    ["a whole fraction", '{"amountMinor":100.0,"customerReference":"c"}', "amountMinor"],
    ["an exponent", '{"amountMinor":1e2,"customerReference":"c"}', "amountMinor"],
    ["zero", json({ amountMinor: 0 }), "amountMinor"],
    ["minus zero", '{"amountMinor":-0,"customerReference":"c"}', "amountMinor"],
    ["a negative amount", json({ amountMinor: -1 }), "amountMinor"],
    ["one unit too much", json({ amountMinor: 1_000_000_000_000_000 }), "amountMinor"],
    ["more than a number holds", '{"amountMinor":1e999,"customerReference":"c"}', "amountMinor"],
    ["no amount", '{"customerReference":"c"}', "amountMinor"],
    ["an unknown currency", json({ currency: "XXX" }), "currency"],
    ["a currency in lower case", json({ currency: "bdt" }), "currency"],
    ["no customerReference", '{"amountMinor":100}', "customerReference"],
    ["an empty customerReference", json({ customerReference: "" }), "customerReference"],
    ["a long customerReference", json({ customerReference: "x".repeat(256) }), "customerReference"],
    ["a customerReference that is a number", json({ customerReference: 5 }), "customerReference"],
    ["a long productName", json({ productName: "x".repeat(256) }), "productName"],
    ["a bad e-mail address", json({ customerEmail: "nobody" }), "customerEmail"],
    ["a bad telephone number", json({ customerPhone: "call me" }), "customerPhone"],
    ["a redirectUrl with user information", json({ redirectUrl: "https://a@b.example" }), "redirectUrl"],
    ["a redirectUrl that is a script", json({ redirectUrl: "javascript:alert(1)" }), "redirectUrl"],
    ["too short a time", json({ expiresInSeconds: 299 }), "expiresInSeconds"],
    ["too long a time", json({ expiresInSeconds: 86_401 }), "expiresInSeconds"],
    ["an invoice, which does not exist yet", json({ invoiceId: 7 }), "invoiceId"],
  ];

  it.each(FIELDS)("refuses %s, names the field and stores nothing", async (_, body, field) => {
    const before = await rows();
    const answer = await post(body);
    expect([answer.status, answer.json.meta.errorCode]).toEqual([400, "VALIDATION_ERROR"]);
    expect(Object.keys(answer.json.data ?? {})).toContain(field);
    expect(Object.keys(answer.json)).toEqual(["data", "meta", "pagination"]);
    expect(answer.json.meta.requestId).toBe(answer.headers.get("x-request-id"));
    expect(await rows()).toEqual(before);
  });

  const BROKEN: [
    name: string,
    body: string | Uint8Array,
    headers: Record<string, string>,
    status: number,
    code: string,
  ][] = [
    ["cut JSON", '{"amountMinor":1', {}, 400, "VALIDATION_ERROR"],
    ["an array", "[]", {}, 400, "VALIDATION_ERROR"],
    ["NaN", '{"amountMinor":NaN}', {}, 400, "VALIDATION_ERROR"],
    [
      "a planted prototype",
      '{"__proto__":{"a":1},"amountMinor":100,"customerReference":"c"}',
      {},
      400,
      "VALIDATION_ERROR",
    ],
    ["NUL", '{"amountMinor":100,"customerReference":"a\\u0000b"}', {}, 400, "VALIDATION_ERROR"],
    ["half a surrogate", '{"amountMinor":100,"customerReference":"\\ud800"}', {}, 400, "VALIDATION_ERROR"],
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), {}, 400, "VALIDATION_ERROR"],
    ["a body that is too deep", `${"[".repeat(40)}${"]".repeat(40)}`, {}, 400, "VALIDATION_ERROR"],
    ["a body that is too large", json({ productName: "x".repeat(70_000) }), {}, 413, "PAYLOAD_TOO_LARGE"],
    [
      "a form",
      "amountMinor=100",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["a bad Idempotency-Key", json({}), { "idempotency-key": "x".repeat(256) }, 400, "VALIDATION_ERROR"],
    ["a wrong secret", json({}), { "x-api-secret": "wrong" }, 401, "UNAUTHORIZED"],
    ["a wrong secret before a broken body", "{", { "x-api-secret": "wrong" }, 401, "UNAUTHORIZED"],
    ["an unknown key", json({}), { "x-api-key": "oi_test_unknown" }, 401, "UNAUTHORIZED"],
  ];

  it.each(BROKEN)(
    "refuses %s with its own code and stores nothing",
    async (_, body, headers, status, code) => {
      const before = await rows();
      const answer = await post(body, headers);
      expect([answer.status, answer.json.meta.errorCode]).toEqual([status, code]);
      expect(answer.json.meta.success).toBe(false);
      expect(await rows()).toEqual(before);
    },
  );

  it("answers an unknown path 404 and a known path with another method 405, both in the envelope", async () => {
    const { publicUrl } = oi.constellation;
    const unknown = await fetch(`${publicUrl}/api/v1/nothing`);
    expect([unknown.status, ((await unknown.json()) as Envelope<null>).meta.errorCode]).toEqual([
      404,
      "RESOURCE_NOT_FOUND",
    ]);
    const other = await fetch(`${publicUrl}/api/v1/payments`, { method: "PUT" });
    expect([other.status, ((await other.json()) as Envelope<null>).meta.errorCode]).toEqual([
      405,
      "METHOD_NOT_ALLOWED",
    ]);
    expect(other.headers.get("allow")).toContain("POST");
  });

  it("respects the limits that an application set, and takes what lies within", async () => {
    const { applicationId } = oi.merchant;
    const limits = { minAmountMinor: 1_000n, maxAmountMinor: 2_000n };
    await oi.applications.updateSettings(
      { applicationId: BigInt(applicationId), ...limits },
      { headers: { "oi-actor": "rahim" } },
    );
    for (const amountMinor of [999, 2_001]) {
      const answer = await oi.merchant.create({ ...GOOD, amountMinor });
      expect([answer.status, answer.json.meta.errorCode]).toEqual([400, "VALIDATION_ERROR"]);
      expect(Object.keys(answer.json.data)).toEqual(["amountMinor"]);
    }
    for (const amountMinor of [1_000, 2_000]) {
      expect((await oi.merchant.create({ ...GOOD, amountMinor })).status).toBe(201);
    }
  });
});
