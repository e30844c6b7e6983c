import { DomainError } from "@oi/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CHECKOUT, UNKNOWN_REFERENCE } from "./application/checkouts.contract.ts";
import type { Checkout } from "./domain/checkout.ts";
import { PAYMENT_STATUSES } from "./domain/payment.ts";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines over checkouts in memory. Oracle: contract §5. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge({ env: { PUBLIC_URL: "https://pay.example/" } });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.calls.length = 0;
  edge.payments.failure = null;
  put({});
});

const { reference } = CHECKOUT;
const put = (change: Partial<Checkout>): void => edge.checkouts.put({ ...CHECKOUT, ...change });
const page = (query = "", headers: Record<string, string> = {}) =>
  edge.send("GET", `/checkout/${reference}${query}`, { headers });
const withoutNonce = (text: string): string => text.replace(/nonce="[^"]+"/g, "");

describe("GET /api/v1/checkout/:reference", () => {
  const context = () => edge.send("GET", `/api/v1/checkout/${reference}`);

  test("shows exactly what the contract names", async () => {
    const answer = await context();
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).data).toEqual({
      reference,
      status: "CREATED",
      mode: "TEST",
      amountMinor: 125_000,
      amountDisplay: "৳1,250.00",
      currency: "BDT",
      appName: "Storefront",
      productName: "Pro plan",
      gateway: "SSLCOMMERZ",
      gatewayRedirectUrl: `https://pay.example/checkout/${reference}/pay`,
      redirectUrl: "https://shop.example/done?cart=7",
      expiresAt: "2126-06-04T10:30:00.000Z",
      paidAt: null,
    });
  });

  test.each(PAYMENT_STATUSES)("offers the way to the gateway in %s only while it is open", async (status) => {
    put({ status });
    const { gatewayRedirectUrl } = JSON.parse((await context()).text).data;
    expect(gatewayRedirectUrl !== null).toBe(["CREATED", "PENDING"].includes(status));
  });

  test.each([UNKNOWN_REFERENCE, "pay_x", "x", "%00", "pay_0000000000000000000000", "p".repeat(200), "%zz"])(
    "%s is 404",
    async (other) => {
      expectRefusal(await edge.send("GET", `/api/v1/checkout/${other}`), 404, "RESOURCE_NOT_FOUND");
    },
  );
});

describe("the page", () => {
  test("shows application, amount, product, limit and one button", async () => {
    const { status, text, headers } = await page("?lang=en");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    const order = ["TEST – no money moves", "Storefront", "Pay Storefront", "৳1,<wbr>250.00", "Pro plan"];
    const rest = ["by card, bKash", "4 June 2126, 16:30", "Pay ৳1,250.00", "বাংলা"];
    const places = [...order, ...rest].map((part) => text.indexOf(part, text.indexOf("<body>")));
    expect(places).not.toContain(-1);
    expect(text).toContain(`<form method="post" action="/checkout/${reference}/pay">`);
    expect(text.match(/<button/g)).toHaveLength(1);
    expect(text).not.toMatch(/style=| on[a-z]+=|http-equiv="refresh"/);
  });

  test("speaks Bangla with Bangla digits by default", async () => {
    const { text } = await page();
    expect(text).toContain('<html lang="bn">');
    expect(text).toContain("৳১,২৫০.০০ পরিশোধ করুন");
    expect(text).toContain("৪ জুন ২১২৬, ১৬:৩০");
    expect(text).toContain("পরীক্ষামূলক – কোনো টাকা কাটা হবে না");
  });

  test("remembers a language that was chosen on the page, and nothing else", async () => {
    const chosen = await page("?lang=en");
    expect(chosen.headers["set-cookie"]).toEqual([
      "oi_lang=en; Max-Age=15552000; Path=/checkout; SameSite=Lax; HttpOnly; Secure",
    ]);
    const later = await page("", { cookie: "a=b; oi_lang=en", "accept-language": "bn" });
    expect(later.text).toContain('<html lang="en">');
    expect(later.headers["set-cookie"]).toBeUndefined();
    const foreign = await page("?lang=fr", { "accept-language": "fr, en;q=0.5" });
    expect(foreign.text).toContain('<html lang="en">');
  });

  test("escapes whatever a merchant wrote", async () => {
    const nasty = `<script>alert("1")</script>&'`;
    put({ appName: nasty, productName: nasty, redirectUrl: null });
    const { text } = await page();
    expect(text.match(/<script[^>]*>/g)).toEqual([expect.stringContaining(" nonce=")]);
    expect(text).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;");
  });

  test("LIVE pages carry no band", async () => {
    put({ mode: "LIVE" });
    expect((await page("?lang=en")).text).not.toContain("TEST");
  });

  test("has a policy that lets the button reach the gateway and nothing else", async () => {
    put({ gatewayOrigins: ["https://*.sslcommerz.com", "http://127.0.0.1:8099", "https://x; script-src *"] });
    const [first, second] = [await page(), await page()];
    const policy = String(first.headers["content-security-policy"]);
    const nonce = /style-src 'nonce-([A-Za-z0-9+/=]{24})'/.exec(policy)?.[1];
    expect(first.text).toContain(`<style nonce="${nonce}">`);
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src 'nonce-${nonce}'`,
      "img-src data:",
      "connect-src 'self'",
      "form-action 'self' https://*.sslcommerz.com http://127.0.0.1:8099",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "report-to csp",
    ]);
    expect(second.headers["content-security-policy"]).not.toBe(policy);
    expect(first.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "strict-origin",
      "cross-origin-opener-policy": "same-origin",
      "strict-transport-security": expect.stringContaining("max-age"),
      "x-request-id": expect.any(String),
    });
  });

  test("unknown and malformed references get the same 404 page", async () => {
    const malformed = ["pay_x", "x", "%00", "..%2f", "pay_0000000000000000000000", "p".repeat(200), "%zz"];
    const unknown = await edge.send("GET", `/checkout/${UNKNOWN_REFERENCE}`);
    expect(unknown.status).toBe(404);
    expect(unknown.text).toContain("পেমেন্টটি পাওয়া যায়নি");
    for (const other of malformed) {
      for (const [method, suffix] of [
        ["GET", ""],
        ["GET", "/pay"],
        ["POST", "/pay"],
      ] as const) {
        const answer = await edge.send(method, `/checkout/${other}${suffix}`);
        expect(answer.status).toBe(404);
        expect(withoutNonce(answer.text)).toBe(withoutNonce(unknown.text));
        expect(Object.keys(answer.headers)).toEqual(Object.keys(unknown.headers));
      }
    }
  });

  test("is honest when our own part is down", async () => {
    edge.payments.failure = new DomainError("SERVICE_UNAVAILABLE", "Down.");
    const { status, text, headers } = await page("?lang=en");
    expect(status).toBe(503);
    expect(headers["retry-after"]).toBe("1");
    expect(text).toContain("Not possible just now");
    expect(text).not.toContain("charged");
    expect(text).toContain(`href="/checkout/${reference}">Try again`);
  });
});

describe("coming back", () => {
  test.each(["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "REFUNDED"] as const)(
    "a %s payment goes on to the merchant, with the outcome merged into the query",
    async (status) => {
      put({ status });
      const answer = await page("?from=gateway");
      expect(answer.status).toBe(303);
      const expected = `https://shop.example/done?cart=7&reference=${reference}&status=${status}`;
      expect(answer.headers.location).toBe(expected);
      expect(answer.headers["cache-control"]).toBe("no-store");
    },
  );

  test("opened later, the page stays and offers a link", async () => {
    put({ status: "SUCCEEDED", redirectUrl: "https://shop.example/?status=old#top" });
    const { status, text } = await page("?lang=en");
    expect(status).toBe(200);
    expect(text).toContain(
      `href="https://shop.example/?status=SUCCEEDED&amp;reference=${reference}#top">Return to Storefront`,
    );
  });

  test.each([null, "javascript:alert(1)", "no url"])(
    "stays on the page when redirectUrl is %s",
    async (url) => {
      put({ status: "SUCCEEDED", redirectUrl: url });
      const { status, text } = await page("?from=gateway");
      expect(status).toBe(200);
      expect(text).not.toContain("javascript:");
    },
  );
});
