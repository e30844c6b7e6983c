import { DomainError } from "@oi/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CHECKOUT } from "./application/checkouts.contract.ts";
import type { Checkout } from "./domain/checkout.ts";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines over checkouts in memory. Oracle: contract §5. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge({ env: { PUBLIC_URL: "https://pay.example" } });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.calls.length = 0;
  edge.payments.failure = null;
  edge.payments.openFailure = null;
  put({});
});

const { reference } = CHECKOUT;
const put = (change: Partial<Checkout>): void => edge.checkouts.put({ ...CHECKOUT, ...change });

describe("/checkout/:reference/pay", () => {
  const pay = (method: string, headers: Record<string, string> = {}) =>
    edge.send(method, `/checkout/${reference}/pay`, { headers });

  test.each(["GET", "POST"])("%s leads to the gateway, and opens once", async (method) => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    for (const _ of [1, 2]) {
      const answer = await pay(method, method === "POST" ? form : {});
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toBe(`https://gateway.example/session/${reference}`);
    }
    expect(edge.checkouts.opened.filter((opened) => opened === reference)).toHaveLength(1);
  });

  test.each([
    ["GET", { "sec-purpose": "prefetch" }],
    ["POST", { "sec-purpose": "prefetch;prerender" }],
    ["GET", { purpose: "prefetch" }],
    ["HEAD", {}],
  ])("%s %j opens nothing", async (method, headers) => {
    const answer = await pay(method, headers as Record<string, string>);
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(edge.payments.calls).toEqual([]);
  });

  test("a payment that is over leads back to the page", async () => {
    put({ status: "SUCCEEDED" });
    const answer = await pay("POST");
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe(`https://pay.example/checkout/${reference}`);
  });

  test("a payment whose time is over leads back to the page, which knows more about its money", async () => {
    put({ status: "PENDING", expiresAt: Date.now() - 1 });
    edge.payments.openFailure = new DomainError("INVALID_OPERATION_STATE", "The time to pay is over.");
    const answer = await pay("POST");
    expect([answer.status, answer.headers.location]).toEqual([
      303,
      `https://pay.example/checkout/${reference}`,
    ]);
  });

  test("what the gateway would refuse is a 409 that says so", async () => {
    edge.payments.openFailure = new DomainError(
      "INVALID_OPERATION_STATE",
      "The gateway takes at least 10.00 BDT.",
    );
    const asPage = await pay("POST", { accept: "text/html,*/*;q=0.8" });
    expect(asPage.status).toBe(409);
    expect(asPage.text).toContain('lang="en">The gateway takes at least 10.00 BDT.');
    expect(asPage.headers["content-security-policy"]).toContain("form-action 'self';");
    const asJson = await pay("POST", { accept: "application/json" });
    expectRefusal(asJson, 409, "INVALID_OPERATION_STATE");
  });

  test("a gateway that is down is a 503 that says nobody was charged", async () => {
    edge.payments.failure = new DomainError("GATEWAY_UNAVAILABLE", "Down.", { retryAfterSeconds: 30 });
    const answer = await pay("POST", { "accept-language": "en" });
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("30");
    expect(answer.text).toContain("You have not been charged.");
    expect(answer.text).toContain(`href="/checkout/${reference}">Try again`);
  });

  test("an outcome that is not known promises nothing", async () => {
    edge.payments.failure = new DomainError("DEADLINE_EXCEEDED", "Late.");
    const answer = await pay("POST", { "accept-language": "en" });
    expect(answer.status).toBe(504);
    expect(answer.text).not.toContain("charged");
  });
});
