import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers, readContrast } from "../../testing/accessible-html.ts";
import { openMagic } from "../../testing/magic.ts";
import { type SandboxUnderTest, startSandbox } from "../../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox({ SANDBOX_AUTOPILOT: "never" });
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const read = async (url: string, language = "en", form?: Record<string, string>) => {
  const headers = { "accept-language": language };
  const post = form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) };
  return (await fetch(url, { headers, ...post })).text();
};

describe.each(["en", "bn"])("in %s", (language) => {
  it.each([
    ["the choice", undefined],
    ["a choice that is missing", { channel: "VISA" }],
    ["the return", { channel: "VISA", outcome: "success" }],
    ["leaving", { channel: "VISA", outcome: "leave" }],
    ["waiting", { channel: "VISA", outcome: "wait" }],
    ["a lost return", { channel: "VISA", outcome: "success", dropReturn: "true" }],
  ])("%s has no barrier", async (_, form) => {
    const { pageUrl } = await openMagic(sandbox, "4041.05");
    const html = await read(pageUrl, language, form);
    expect(html).toContain(`<html lang="${language}">`);
    expect(findBarriers(html)).toEqual([]);
  });

  it("the pages for ended and unknown sessions have none", async () => {
    const { pageUrl } = await openMagic(sandbox, "4041.05");
    await read(pageUrl, language, { channel: "VISA", outcome: "success" });
    expect(findBarriers(await read(pageUrl, language))).toEqual([]);
    expect(findBarriers(await read(`${pageUrl}X`, language))).toEqual([]);
  });
});

it("finds what it looks for", () => {
  const broken = `<html><body><h1></h1><h1></h1><fieldset><input type="radio" name="a"></fieldset>
    <p id="x"><p id="x"><button onclick="go()" tabindex="3"> </button></body></html>`;
  expect(findBarriers(broken)).toEqual([
    "0 times <head>",
    "0 times <title>",
    "0 times <header>",
    "0 times <main>",
    "2 times <h1>",
    "no language",
    "no doctype",
    "no viewport, or no zoom",
    'no label: <input type="radio" name="a">',
    "a fieldset without a legend in front",
    'no name: <button onclick="go()" tabindex="3"> </button>',
    "an id stands twice",
    'keyboard or policy: <button onclick="go()" tabindex="3">',
    "0 choices of a are made at first",
  ]);
});

it("reads in the order of its keys: channel, outcome, callbacks, one button", async () => {
  const { pageUrl } = await sandbox.open();
  const html = await read(pageUrl);
  const stops = [...html.matchAll(/<(?:input[^>]*name="(\w+)"|(summary)|(button))/g)].map(
    ([, name, summary, button]) => name ?? summary ?? button,
  );
  expect([...new Set(stops)]).toEqual([
    "channel",
    "outcome",
    "summary",
    "dropIpn",
    "dropReturn",
    "lateIpn",
    "repeatIpn",
    "forgeIpn",
    "button",
  ]);
});

it("fits into 320 px: nothing has a width of its own, and long words break", async () => {
  const { pageUrl } = await sandbox.open();
  const style = /<style[^>]*>([\s\S]*?)<\/style>/.exec(await read(pageUrl))?.[1] ?? "";
  expect(style).not.toMatch(
    /[{;](?:min-)?width:(?!0)|white-space:nowrap|max-content|position:fixed|\d{3,}px/,
  );
  expect(style).toMatch(/fieldset\{[^}]*min-width:0/);
  expect(style).toMatch(/h1,dt,dd,label,p\{overflow-wrap:anywhere\}/);
  expect(style).toMatch(/button\{[^}]*min-height:3rem/);
  expect(style).toMatch(/:focus-visible\{outline:3px/);
});

it.each([
  ["text", "#1a1a1a", "#e6e6e6", 4.5],
  ["sentences", "#3d3d3d", "#e6e6e6", 4.5],
  ["the band", "#ffffff", "#5c2d00", 4.5],
  ["the button", "#ffffff", "#333333", 4.5],
  ["the alert", "#8a0000", "#e6e6e6", 4.5],
  ["the focus ring", "#0050b3", "#e6e6e6", 3],
  ["borders", "#6b6b6b", "#e6e6e6", 3],
])("%s has enough contrast", async (_, one, other, least) => {
  const { pageUrl } = await sandbox.open();
  const html = await read(pageUrl);
  for (const colour of [one, other]) {
    const short = /^#(.)\1(.)\2(.)\3$/.test(colour) ? `#${colour[1]}${colour[3]}${colour[5]}` : colour;
    expect(html).toContain(short);
  }
  expect(readContrast(one, other)).toBeGreaterThanOrEqual(least);
});

describe("the magic amount on the page", () => {
  it("is named, and its customer's choice is made already", async () => {
    const { pageUrl } = await openMagic(sandbox, "4040.02");
    const html = await read(pageUrl);
    expect(html).toContain(`<dd><span lang="en">4040.02: declined</span></dd>`);
    expect(html).toMatch(/name="outcome" value="fail" required checked>/);
    expect(await read((await openMagic(sandbox, "4041.05")).pageUrl)).toContain(
      "4041.05: five copies of the notification",
    );
  });

  it("is named in Bangla too, where its name is marked as English", async () => {
    const { pageUrl } = await openMagic(sandbox, "4040.02");
    expect(await read(pageUrl, "bn")).toContain(
      `<dt>কার্যকর নিয়ম</dt><dd><span lang="en">4040.02: declined</span>`,
    );
  });

  it("brings late money when a person makes its choice", async () => {
    const { pageUrl, tranId } = await openMagic(sandbox, "4040.14");
    await read(pageUrl, "en", { channel: "VISA", outcome: "cancel" });
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    expect((await sandbox.admin(`GET charges?tranId=${tranId}`)).body.charges).toHaveLength(1);
  });

  it("is told when the autopilot was faster, with a way back to the merchant", async () => {
    await using fast = await startSandbox();
    const paid = await openMagic(fast, "4040.01");
    const lost = await openMagic(fast, "4041.02");
    await fast.merchant.until(3);
    const html = await read(paid.pageUrl);
    expect(html).toContain("4040.01: paid, marked as risky");
    expect(html).toContain(`action="${fast.merchant.url}/success"`);
    expect(html).toContain(`<input type="hidden" name="tran_id" value="${paid.tranId}">`);
    expect(html).not.toContain("<script");
    expect(findBarriers(html)).toEqual([]);
    expect(await read(lost.pageUrl)).not.toContain("<form");
  });
});

it.each([
  ["lateIpn", 0],
  ["repeatIpn", 5],
  ["forgeIpn", 1],
])("does what %s says", async (box, ipns) => {
  sandbox.merchant.received.length = 0;
  const { pageUrl } = await sandbox.open();
  await read(pageUrl, "en", { channel: "VISA", outcome: "success", [box]: "true" });
  await sandbox.admin("POST clock", { advanceMs: 9_000 });
  await sandbox.merchant.until(ipns);
  expect(sandbox.merchant.at("/ipn")).toHaveLength(ipns);
  await sandbox.admin("POST clock", { advanceMs: 1_000 });
  if (box === "lateIpn") expect(sandbox.merchant.at("/ipn")).toHaveLength(1);
});

it("gives a field that stands twice to the browser twice", async () => {
  await sandbox.admin("POST rules", { match: { amount: "61.00" }, return: { sign: "duplicate_field" } });
  const { pageUrl } = await sandbox.open({ total_amount: "61.00" });
  const html = await read(pageUrl, "en", { channel: "VISA", outcome: "success" });
  expect(html.match(/<input type="hidden" name="amount" value="[^"]*">/g)).toEqual([
    `<input type="hidden" name="amount" value="61.00">`,
    `<input type="hidden" name="amount" value="1.00">`,
  ]);
});
