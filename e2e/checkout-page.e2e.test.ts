/**
 * Real: every service, PostgreSQL, NATS, HTTP, Chromium with the page's own policies in force.
 * Doubles: the gateway is the sandbox, an independent program with a page of its own.
 * Oracles: what the page shows, what REST says, the browser's console and its list of requests.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findChromium, launchChromium } from "./chromium.ts";
import { type Harness, startHarness } from "./harness.ts";
import { openCheckout, type PaymentJson } from "./merchant.ts";

const executable = findChromium();
const SCREENSHOTS = fileURLToPath(new URL("screenshots", import.meta.url));

describe.skipIf(executable === null)("the checkout page in a browser", () => {
  let oi: Harness;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [oi, browser] = await Promise.all([
      startHarness({ transport: "grpc" }),
      launchChromium(executable ?? ""),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await oi?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    oi.sink.received.length = 0;
  });

  type Visit = { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] };

  /** A phone in English; everything the browser complains about is collected. */
  async function visit(payment: PaymentJson, options: { script?: boolean } = {}): Promise<Visit> {
    const context = await browser.newContext({
      viewport: { width: 320, height: 640 },
      locale: "en-GB",
      javaScriptEnabled: options.script ?? true,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${payment.checkoutUrl}?lang=en`);
    return { page, context, complaints };
  }

  async function chooseAtGateway(page: Page, outcome: string, extra: readonly string[] = []): Promise<void> {
    await page.waitForURL(`${oi.sandbox.url}/**`);
    await page.check('input[name="channel"][value="BKASH"]');
    await page.check(`input[name="outcome"][value="${outcome}"]`);
    if (extra.length > 0) await page.click("summary");
    for (const name of extra) await page.check(`input[name="${name}"]`);
    await page.getByRole("button", { name: "Continue" }).click();
  }

  async function create(more: object = {}): Promise<PaymentJson> {
    const order = { amountMinor: 125_050, customerReference: "cust_1", productName: "Pro plan" };
    return (await oi.merchant.create({ ...order, ...more })).json.data;
  }

  it("takes a customer to the gateway and back, and says paid when it is", async () => {
    const payment = await create();
    const { page, context, complaints } = await visit(payment);
    await page.screenshot({ path: `${SCREENSHOTS}/created.png` });
    expect(await page.textContent("body")).toContain("৳1,250.50");
    expect(await page.textContent("body")).toContain("TEST");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.getByRole("button", { name: /Pay/ }).click();
    await page.waitForURL(`${oi.sandbox.url}/**`);
    await page.screenshot({ path: `${SCREENSHOTS}/gateway.png` });
    await chooseAtGateway(page, "success");
    const chosenAtMs = performance.now();
    await page.waitForURL("**/checkout/**");
    await eventually(async () => expect((await oi.merchant.payment(payment.id)).status).toBe("SUCCEEDED"), {
      withinMs: 2_000,
    });
    await eventually(
      () => expect(oi.sink.received.some(({ body }) => body.includes(payment.reference))).toBe(true),
      {
        withinMs: Math.max(100, 2_000 - (performance.now() - chosenAtMs)),
      },
    );
    await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 7_000 });
    await page.screenshot({ path: `${SCREENSHOTS}/paid.png` });
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("needs no script of its own", async () => {
    const payment = await create();
    const { page, context } = await visit(payment, { script: false });
    await page.getByRole("button", { name: /Pay/ }).click();
    await chooseAtGateway(page, "success");
    // The gateway's page offers a button where a script would have gone on by itself.
    await page.getByRole("button").first().click();
    await page.waitForURL("**/checkout/**");
    await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 7_000 });
    await context.close();
  });

  /** A customer of whom the page knows that he was at the gateway, while nothing is known of the money yet. */
  async function wait(payment: PaymentJson, page: Page): Promise<void> {
    await openCheckout(payment);
    await page.goto(`${payment.checkoutUrl}?lang=en&from=gateway`);
    await page.getByRole("heading", { name: "Checking" }).waitFor();
  }

  /** Where a page asked, as `document`, `events` or `context`. */
  function watchRequests(page: Page): string[] {
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      const isEvents = pathname.endsWith("/events");
      asked.push(isEvents ? "events" : pathname.startsWith("/api/") ? "context" : "document");
    });
    return asked;
  }

  it("turns to paid while the customer waits, because it is told", async () => {
    const payment = await create();
    const { page, context, complaints } = await visit(payment);
    await wait(payment, page);
    const asked = watchRequests(page);
    await oi.sandbox.pay(payment.reference);
    await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 15_000 });
    expect(asked).toEqual(["document"]);
    expect(complaints).toEqual([]);
    expect(await page.textContent("dl")).toContain("Paid with");
    await context.close();
  });

  const WITHOUT_EVENTS: readonly [string, (page: Page) => Promise<unknown>][] = [
    ["are refused", (page) => page.route("**/events", (route) => route.fulfill({ status: 503 }))],
    ["break off again and again", (page) => page.route("**/events", (route) => route.abort())],
    ["are unknown to the browser", (page) => page.addInitScript("delete window.EventSource")],
  ];
  it.each(WITHOUT_EVENTS)("asks by itself where events %s", async (_, block) => {
    const payment = await create();
    const { page, context } = await visit(payment);
    await block(page);
    await wait(payment, page);
    const asked = watchRequests(page);
    await oi.sandbox.pay(payment.reference);
    await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 25_000 });
    expect(asked.filter((what) => what === "context").length).toBeGreaterThan(0);
    expect(asked.at(-1)).toBe("document");
    await context.close();
  });

  it("comes again by itself where scripts do not run", async () => {
    const payment = await create();
    const { page, context } = await visit(payment, { script: false });
    await wait(payment, page);
    const asked = watchRequests(page);
    await oi.sandbox.pay(payment.reference);
    await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 25_000 });
    expect(new Set(asked)).toEqual(new Set(["document"]));
    await context.close();
  });

  it("goes to the merchant's page by itself when the payment it waits for is final", async () => {
    const payment = await create({ redirectUrl: `${oi.sink.url}?cart=7` });
    const { page, context } = await visit(payment);
    await wait(payment, page);
    await oi.sandbox.pay(payment.reference);
    await page.waitForURL(`${oi.sink.url}?cart=7&reference=${payment.reference}&status=SUCCEEDED`, {
      timeout: 15_000,
    });
    await context.close();
  });

  it("takes a customer through by keyboard alone", async () => {
    const payment = await create();
    const { page, context } = await visit(payment);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toContain("Pay ৳1,250.50");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${oi.sandbox.url}/**`);
    // Channels, outcomes, what is folded, and the button.
    for (let i = 0; i < 4; i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/checkout/**");
    await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 15_000 });
    await context.close();
  });

  it("turns to paid by itself when the notification alone arrived", async () => {
    const payment = await create();
    const { page, context } = await visit(payment);
    await page.getByRole("button", { name: /Pay/ }).click();
    await chooseAtGateway(page, "success", ["dropReturn"]);
    await eventually(async () => expect((await oi.merchant.payment(payment.id)).status).toBe("SUCCEEDED"), {
      withinMs: 2_000,
    });
    await page.goto(payment.checkoutUrl);
    await page.getByRole("heading", { name: /Paid|পরিশোধ হয়েছে/ }).waitFor();
    await context.close();
  });

  it("is paid when the browser's return alone arrived", async () => {
    const payment = await create();
    const { page, context } = await visit(payment);
    await page.getByRole("button", { name: /Pay/ }).click();
    await chooseAtGateway(page, "success", ["dropIpn"]);
    await page.waitForURL("**/checkout/**");
    await eventually(async () => expect((await oi.merchant.payment(payment.id)).status).toBe("SUCCEEDED"), {
      withinMs: 2_000,
    });
    await context.close();
  });

  it("says cancelled after the customer cancelled at the gateway", async () => {
    const payment = await create();
    const { page, context, complaints } = await visit(payment);
    await page.getByRole("button", { name: /Pay/ }).click();
    await chooseAtGateway(page, "cancel");
    await page.waitForURL("**/checkout/**");
    await page.getByRole("heading", { name: "Cancelled" }).waitFor({ timeout: 7_000 });
    await page.screenshot({ path: `${SCREENSHOTS}/cancelled.png` });
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("speaks Bangla, and gives the same page for an unknown and a malformed reference", async () => {
    const payment = await create();
    const { page, context } = await visit(payment);
    await page.goto(`${payment.checkoutUrl}?lang=bn`);
    expect(await page.textContent("body")).toContain("৳১,২৫০.৫০");
    await page.screenshot({ path: `${SCREENSHOTS}/created-bn.png` });
    const { publicUrl } = oi.constellation;
    const pages = await Promise.all(
      [`pay_${"1".repeat(22)}`, "nonsense"].map(async (reference) => {
        const response = await fetch(`${publicUrl}/checkout/${reference}`);
        return {
          status: response.status,
          text: (await response.text()).replace(/nonce="[^"]+"|nonce-[^']+/g, ""),
        };
      }),
    );
    expect(pages[0]?.status).toBe(404);
    expect(pages[1]).toEqual(pages[0]);
    await context.close();
  });
});
