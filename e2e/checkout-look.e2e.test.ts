/**
 * Real: the edge with its pages and policies, HTTP, Chromium; the sandbox's own page. Doubles: checkouts in memory, so that
 * each state can be shown. Oracles: WCAG 2.2 AA as far as it can be computed (barriers.ts), experience.md 2.3. People look
 * at the pictures; no test compares pixels.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHECKOUT } from "../services/edge/src/application/checkouts.contract.ts";
import { type EdgeHarness, startEdge } from "../services/edge/src/testing/edge-harness.ts";
import { PAGE_STATES, type PageState } from "../services/edge/src/testing/page-states.ts";
import { type SandboxUnderTest, startSandbox } from "../services/gateway-sandbox/src/testing/sandbox.ts";
import { readBarriers, readOverflow, walkByKeyboard } from "./barriers.ts";
import { findChromium, launchChromium } from "./chromium.ts";

const executable = findChromium();
/** Pictures of every state are for people who ask for them; taking them costs as much as everything else here. */
const takesPictures = process.env.CHECKOUT_PICTURES === "on";
const SCREENSHOTS = fileURLToPath(new URL("screenshots/states", import.meta.url));

const PHONE = { viewport: { width: 360, height: 640 } };
const VIEWS = [
  { name: "phone", ...PHONE, colorScheme: "light" },
  { name: "desktop", viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  // What is left of 1280 by 1024 at 400 %, and the narrowest that pages must fit.
  { name: "zoomed", viewport: { width: 320, height: 256 }, colorScheme: "light" },
] as const;

describe.skipIf(executable === null)("the pages as they are seen", () => {
  let browser: Browser;
  let edge: EdgeHarness;
  let sandbox: SandboxUnderTest;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [browser, edge, sandbox] = await Promise.all([
      launchChromium(executable ?? ""),
      startEdge(),
      // Nobody plays the customer but the tests.
      startSandbox({ SANDBOX_AUTOPILOT: "never" }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await edge?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  /** A page whose complaints, its own policy's included, are problems as well. */
  async function openPage(
    options: BrowserContextOptions,
  ): Promise<Page & AsyncDisposable & { problems: string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("status of 4"))
        problems.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(edge.app.url)) problems.push(`asks ${request.url()}`);
    });
    return Object.assign(page, { problems, [Symbol.asyncDispose]: () => context.close() });
  }

  let shown = 0;
  const show = (page: Page, { change, query }: PageState, lang: string) => {
    // Each has a payment of its own: a page that is left would notice the next state, and reload into its loading.
    shown += 1;
    const reference = `pay_${String(shown).replaceAll("0", "z").padStart(22, "A")}`;
    // Far enough away that the time is not counted down on one picture and over on the next.
    edge.checkouts.put({ ...CHECKOUT, reference, expiresAt: Date.now() + 1_500_000, ...change });
    return page.goto(`${edge.app.url}/checkout/${reference}?lang=${lang}${query}`);
  };

  /** As each of the views shows it, without loading it again. */
  async function look(page: Page, picture: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { name, viewport, colorScheme } of VIEWS) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      for (const barrier of await readBarriers(page)) found.push(`${name}: ${barrier}`);
      if (!takesPictures || name === "zoomed") continue;
      await page.screenshot({ path: `${SCREENSHOTS}/${picture}-${name}.png`, fullPage: true });
    }
    return found;
  }

  /** The main button without scrolling, and nothing cut off when text is twice as large. */
  async function readSmallestPhone(page: Page): Promise<readonly string[]> {
    await page.setViewportSize({ width: 320, height: 640 });
    const bottom = await page.evaluate(
      `document.querySelector(".main")?.getBoundingClientRect().bottom ?? 0`,
    );
    const below = Number(bottom) > 640 ? [`the main button ends at ${bottom}`] : [];
    await page.evaluate(`document.documentElement.style.fontSize = "200%"`);
    return [...below, ...(await readOverflow(page)).map((problem) => `twice as large: ${problem}`)];
  }

  it.each(["bn", "en"])("puts nothing in anybody's way in any state, in %s", async (lang) => {
    await using page = await openPage(PHONE);
    const found: Record<string, readonly string[]> = {};
    for (const state of PAGE_STATES) {
      await show(page, state, lang);
      const barriers = await look(page, `${state.name.replaceAll(/[^a-z]+/g, "-")}-${lang}`);
      const steps = [...(await walkByKeyboard(page)), ...(await readSmallestPhone(page))];
      const all = [...barriers, ...steps, ...page.problems.splice(0)];
      if (all.length > 0) found[state.name] = all;
    }
    expect(found).toEqual({});
  });

  it("has room for the largest amount and the longest names", async () => {
    await using page = await openPage({ viewport: { width: 320, height: 640 } });
    const long = "অত্যন্তদীর্ঘনাম".repeat(17);
    const largest = { amountMinor: 999_999_999_999_999n, appName: long, productName: long };
    for (const state of PAGE_STATES.filter(({ name }) => /^(created|paid twice|expired)$/.test(name))) {
      await show(page, { ...state, change: { ...largest, ...state.change } }, "bn");
      expect(await readBarriers(page), state.name).toEqual([]);
    }
    if (takesPictures) await page.screenshot({ path: `${SCREENSHOTS}/longest.png`, fullPage: true });
  });

  it("keeps its edges where colours are forced", async () => {
    await using page = await openPage({ ...PHONE, forcedColors: "active" });
    const [state] = PAGE_STATES;
    if (!state) throw new Error("there are states");
    await show(page, state, "en");
    const widths = await page.evaluate(
      `[".main", ".band"].map((one) => parseFloat(getComputedStyle(document.querySelector(one)).borderBottomWidth))`,
    );
    expect(widths).toEqual([2, 2]);
  });

  it("says what went wrong as readably as everything else", async () => {
    await using page = await openPage(PHONE);
    const response = await page.goto(`${edge.app.url}/checkout/nonsense`);
    expect(response?.status()).toBe(404);
    expect([...(await look(page, "not-found")), ...page.problems]).toEqual([]);
  });

  it("says at five minutes, one minute and the end what time is left, and is silent between", async () => {
    await using page = await openPage(PHONE);
    edge.checkouts.put({ ...CHECKOUT, expiresAt: Date.now() + 301_500 });
    await page.clock.install();
    await page.goto(`${edge.app.url}/checkout/${CHECKOUT.reference}?lang=bn`);
    const said = () => page.textContent(".said");
    expect(await page.textContent("[role=timer]")).toMatch(/^৫:০[১২]$/);
    expect(await said()).toBe("");
    await page.clock.runFor(3_000);
    expect(await said()).toBe("আর ৫ মিনিট বাকি।");
    await page.clock.runFor(240_000);
    expect(await said()).toBe("আর ১ মিনিট বাকি।");
    await page.clock.runFor(62_000);
    expect(await said()).toBe("সময় শেষ।");
    expect(await page.textContent("[role=timer]")).toBe("০:০০");
    expect(await page.getAttribute("[role=timer]", "aria-live")).toBe("off");
  });

  it("finds what it looks for", async () => {
    const context = await browser.newContext(PHONE);
    const page = await context.newPage();
    await page.setContent(`<html><style>.pale{color:#888}a,b{outline:0!important}
      .cover{position:fixed;inset:0 0 50% 0}.wide{width:400px}</style><body><main><h1>One</h1><h3>Three</h3>
      <p class="pale">Pale</p><p class="wide" id="x">Wide</p><p id="x" lang="xx">Twice</p>
      <a href="/" style="font-size:8px">tiny</a><button> </button><button tabindex="2">Low</button>
      <p style="line-height:1.4">যুক্তাক্ষর</p><input type="text"><fieldset></fieldset><button>Covered</button></main><div class="cover"></div>`);
    const found = [...(await readBarriers(page)), ...(await walkByKeyboard(page))].map(
      (problem) => problem.split(": ")[0],
    );
    expect(found).toEqual(
      expect.arrayContaining([
        "the page has no language",
        "the page has no title",
        "headings skip to level 3",
        "an id stands twice",
        "order of its own",
        "no such language",
        "no name",
        "a group without a name",
        "scrolls sideways",
        "sticks out",
        "covered",
        "lines too close",
        expect.stringMatching(/^a target of /),
        expect.stringMatching(/^a button \d+(\.\d+)? high$/),
        expect.stringMatching(/^a contrast of 3\.5/),
        expect.stringMatching(/^a mark of \d/),
        expect.stringMatching(/^the keyboard stops at /),
      ]),
    );
    await context.close();
  });

  describe("the sandbox's page", () => {
    it.each(["en", "bn"])("puts nothing in anybody's way in %s", async (lang) => {
      const { pageUrl } = await sandbox.open({ total_amount: "4041.05" });
      const context = await browser.newContext({ ...PHONE, locale: lang });
      const page = await context.newPage();
      await page.goto(pageUrl);
      await page.click("summary");
      expect([...(await look(page, `gateway-${lang}`)), ...(await walkByKeyboard(page))]).toEqual([]);
      await context.close();
    });

    it("is chosen on and left by keyboard alone", async () => {
      const { pageUrl } = await sandbox.open();
      const context = await browser.newContext({ ...PHONE, javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(pageUrl);
      const pressed = async (...keys: string[]): Promise<void> => {
        for (const key of keys) await page.keyboard.press(key);
      };
      // Into the channels, three down to bKash; into the outcomes, as they are; past the folded part; the button.
      await pressed("Tab", "ArrowDown", "ArrowDown", "ArrowDown", "Tab", "Tab", "Tab");
      expect(await page.isChecked('input[value="BKASH"]')).toBe(true);
      expect(await page.evaluate("document.activeElement.tagName")).toBe("BUTTON");
      await pressed("Enter");
      await page.waitForSelector("form#return");
      await context.close();
    });
  });
});
