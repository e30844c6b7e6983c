import { DomainError } from "@oi/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CHECKOUT, UNKNOWN_REFERENCE } from "./application/checkouts.contract.ts";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services over checkouts in memory. Oracle: contract §10, gateway.md 4.2. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge({ env: { PUBLIC_URL: "https://pay.example", TRUSTED_PROXY_HOPS: "2" } });
  edge.checkouts.put(CHECKOUT);
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.failure = null;
});

const BASE = "/api/v1/gateways/sslcommerz";
const { reference } = CHECKOUT;
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const lastCallback = () => edge.checkouts.callbacks.at(-1);

describe("POST ipn", () => {
  const ipn = (body: string | Uint8Array, headers: Record<string, string> = {}, query = "") =>
    edge.send("POST", `${BASE}/ipn${query}`, { headers: { ...FORM, ...headers }, body });

  test("hands the bytes on and answers 200 with nothing", async () => {
    const body = Buffer.from([...Buffer.from("tran_id=a%20b&x=1&x=2&bn="), 0xe0, 0xff, 0x00]);
    const answer = await ipn(body, { "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.0.0.1" }, "?a=1?b=%zz");
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(lastCallback()).toEqual({
      channel: "notification",
      reference: "",
      method: "POST",
      path: `${BASE}/ipn`,
      contentType: "application/x-www-form-urlencoded",
      body: new Uint8Array(body),
      query: "a=1?b=%zz",
      remoteAddress: "203.0.113.9",
    });
  });

  test("rubbish and nothing at all are evidence too", async () => {
    expect((await ipn("}{")).status).toBe(200);
    expect((await ipn("")).status).toBe(200);
    expect(
      (await ipn("x", { "content-type": "application/x-www-form-urlencoded; charset=UTF-8" })).status,
    ).toBe(200);
    expect((await edge.send("POST", `${BASE}/ipn`)).status).toBe(200);
  });

  test("only the sender's own claim about an address is not enough", async () => {
    await ipn("a=1", { "x-forwarded-for": "6.6.6.6" });
    expect(lastCallback()?.remoteAddress).toBe("127.0.0.1");
    await ipn("a=1", { "x-forwarded-for": "<script>, 10.0.0.1" });
    expect(lastCallback()?.remoteAddress).toBe("127.0.0.1");
  });

  test("is 503 when it could not be stored, so that the gateway comes again", async () => {
    edge.payments.failure = new DomainError("SERVICE_UNAVAILABLE", "Down.");
    const answer = await ipn("a=1");
    expectRefusal(answer, 503, "SERVICE_UNAVAILABLE");
    expect(answer.headers["retry-after"]).toBe("1");
  });

  test("is 413 and 415 like any body", async () => {
    const before = edge.checkouts.callbacks.length;
    expectRefusal(await ipn("x".repeat(65_537)), 413, "PAYLOAD_TOO_LARGE");
    expectRefusal(await ipn("{}", { "content-type": "application/json" }), 415, "UNSUPPORTED_MEDIA_TYPE");
    expectRefusal(await ipn("x", { "content-encoding": "gzip" }), 415, "UNSUPPORTED_MEDIA_TYPE");
    expect(edge.checkouts.callbacks).toHaveLength(before);
    expect((await ipn("x".repeat(65_536))).status).toBe(200);
  });
});

describe.each(["success", "fail", "cancel"])("return/%s", (outcome) => {
  const path = `${BASE}/return/${outcome}/${reference}`;
  const home = `https://pay.example/checkout/${reference}?from=gateway`;
  const back = (method: string, to = path, body?: string, headers: Record<string, string> = FORM) =>
    edge.send(method, to, { headers, ...(body === undefined ? {} : { body }) });

  test("POST hands the bytes on and leads to the page, without cookie or token", async () => {
    const answer = await back("POST", path, "tran_id=1&status=VALID", { ...FORM, origin: "null" });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe(home);
    expect(lastCallback()).toMatchObject({ channel: "return", reference, method: "POST", path });
    expect(Buffer.from(lastCallback()?.body ?? []).toString()).toBe("tran_id=1&status=VALID");
  });

  test("GET hands the query on", async () => {
    const answer = await back("GET", `${path}?tran_id=1&x=%41`, undefined, {});
    expect(answer.headers.location).toBe(home);
    expect(lastCallback()).toMatchObject({ method: "GET", query: "tran_id=1&x=%41", contentType: "" });
  });

  test("HEAD records nothing", async () => {
    const before = edge.checkouts.callbacks.length;
    expect((await back("HEAD")).status).toBe(303);
    expect(edge.checkouts.callbacks).toHaveLength(before);
  });

  test.each([UNKNOWN_REFERENCE, "nonsense", "%zz"])("the reference %s is a 404 page", async (other) => {
    const answer = await back("POST", `${BASE}/return/${outcome}/${other}`, "a=1");
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toContain("text/html");
  });

  test("leads to the page whatever happened", async () => {
    expect((await back("POST", path, "x".repeat(65_537))).headers.location).toBe(home);
    expect((await back("POST", path, "{}", { "content-type": "application/json" })).headers.location).toBe(
      home,
    );
    for (const reason of ["SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL_ERROR"] as const) {
      edge.payments.failure = new DomainError(reason, "Trouble.");
      const answer = await back("POST", path, "a=1");
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toBe(home);
    }
  });
});
