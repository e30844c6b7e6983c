import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PAGE_SCRIPT } from "./adapters/http/page-script.ts";
import { CHECKOUT } from "./application/checkouts.contract.ts";
import type { Checkout } from "./domain/checkout.ts";
import { type EdgeHarness, startEdge } from "./testing/edge-harness.ts";
import { ONLY_WITHOUT_SUCH_MONEY, PAGE_STATES } from "./testing/page-states.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines over checkouts in memory. Oracle: experience.md 2.2. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge();
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => put({}));

const { reference } = CHECKOUT;
const put = (change: Partial<Checkout>): void => edge.checkouts.put({ ...CHECKOUT, ...change });
const page = async (query = "") => (await edge.send("GET", `/checkout/${reference}${query}`)).text;
const count = (text: string, part: string | RegExp): number => text.split(part).length - 1;

/** What stands between the tags, as one line. */
const words = (text: string): string =>
  (/<main.*<\/main>/s.exec(text)?.[0] ?? "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/g, " ");

describe.each(PAGE_STATES)("$name", ({ change, query, en, bn }) => {
  test.each([
    ["en", en],
    ["bn", bn],
  ] as const)(
    "says in %s what it is, and what happens to the money",
    async (lang, [heading, ...sentences]) => {
      put(change);
      const text = await page(`?lang=${lang}${query}`);
      expect(text).toContain(`<html lang="${lang}">`);
      expect(text).toContain(`<h1>${heading}</h1>`);
      for (const sentence of sentences) expect(words(text)).toContain(sentence);
      expect(count(text, "<h1>")).toBe(1);
    },
  );

  test("has at most one main button, and only one that helps", async () => {
    put(change);
    const text = await page(`?lang=en${query}`);
    const isPayable = en[0].startsWith("Pay ");
    const isOver = !isPayable && en[0] !== "Checking" && en[0] !== "Being checked";
    expect(text.includes("<button")).toBe(isPayable);
    expect(text.includes("Return to Storefront")).toBe(isOver);
    expect(count(text, 'class="main"')).toBe(isPayable || isOver ? 1 : 0);
    expect(text.includes('http-equiv="refresh"')).toBe(en[0] === "Checking");
  });

  test("is one small document, whose script is ours and only there while something can change", async () => {
    put(change);
    const text = await page(`?lang=bn${query}`);
    const isOpen = ["CREATED", "PENDING"].includes(change.status ?? "CREATED");
    expect(gzipSync(text).length).toBeLessThan(2_800);
    expect(count(text, /<script/)).toBe(isOpen ? 1 : 0);
    expect(text.includes(PAGE_SCRIPT)).toBe(isOpen);
    expect(text).not.toMatch(/ (?:src|style|on[a-z]+)=|<link|<img|@import|url\(/);
  });
});

test.each(["FAILED", "CANCELLED", "EXPIRED"] as const)(
  "a payment that is %s promises nothing about money that a person decides about",
  async (status) => {
    const held = [
      { differingMoney: "HELD" },
      { underReview: true },
      { lateMoney: { amountMinor: 1n, state: "HELD" } },
    ] as const;
    for (const lang of ["en", "bn"])
      for (const change of held) {
        put({ status, ...change });
        const text = words(await page(`?lang=${lang}`));
        for (const lie of ONLY_WITHOUT_SUCH_MONEY) expect(text).not.toMatch(lie);
      }
  },
);

test("the script is short, and nothing that comes from outside is in it", () => {
  expect(Buffer.byteLength(PAGE_SCRIPT)).toBeLessThanOrEqual(2_048);
  expect(PAGE_SCRIPT).not.toMatch(/innerHTML|document\.write|eval|\$\{|=>|\b(?:let|const)\b|`/);
});

test("says how and when it was paid and returned, in the customer's words", async () => {
  const at = Date.parse("2026-06-04T10:05:00Z");
  const method = { channel: "BKASH-BKash", brand: "MOBILEBANKING" };
  put({ status: "REFUNDED", refundedMinor: 125_000n, paidAt: at, refundedAt: at + 86_400_000, method });
  expect(words(await page("?lang=en"))).toContain(
    `Paid at 4 June 2026, 16:05 Paid with bKash Returned at 5 June 2026, 16:05 Reference ${reference}`,
  );
  expect(words(await page("?lang=bn"))).toContain("পরিশোধের মাধ্যম বিকাশ ফেরতের সময় ৫ জুন ২০২৬, ১৬:০৫");
});

test("the waiting page asks again by itself and offers to go on after a minute", async () => {
  put({ status: "PENDING" });
  const first = await page("?lang=en&from=gateway");
  expect(first).toContain(
    '<noscript><meta http-equiv="refresh" content="5;url=?lang=en&amp;from=gateway&amp;waited=5">',
  );
  expect(first).toContain(
    `<p hidden data-after="60"><a class="link" href="/checkout/${reference}/pay">Continue`,
  );
  const later = await page("?lang=en&from=gateway&waited=60");
  expect(later).toContain(`<p><a class="link" href="/checkout/${reference}/pay">Continue paying</a>`);
  expect(await page("?from=gateway&waited=NaN")).toContain('data-after="60"');
});

test("counts down what is left, in the digits of the language, and not below nothing", async () => {
  put({ expiresAt: Date.now() + 90_000 });
  const text = await page("?lang=bn");
  const left = Number(/role="timer" aria-live="off" data-left="(\d+)"/.exec(text)?.[1]);
  expect(left).toBeGreaterThan(60);
  expect(left).toBeLessThanOrEqual(90);
  expect(text).toContain('data-digits="০১২৩৪৫৬৭৮৯" data-say="আর ৫ মিনিট বাকি।|আর ১ মিনিট বাকি।|সময় শেষ।"');
  put({ expiresAt: Date.now() - 1 });
  expect(await page()).not.toContain('role="timer"');
});
