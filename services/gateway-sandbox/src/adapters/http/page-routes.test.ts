import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CHANNELS } from "../../domain/channel.ts";
import { OUTCOMES } from "../../domain/outcome.ts";
import { verifyAsMerchant } from "../../testing/merchant.ts";
import { type SandboxUnderTest, startSandbox } from "../../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());
beforeEach(() => {
  sandbox.merchant.received.length = 0;
});

const ENTITIES: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};
const readEntities = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? "");

/** What a browser would send from the page that posts itself. */
function readReturnForm(html: string) {
  const action = readEntities(/<form method="post" id="return" action="([^"]*)"/.exec(html)?.[1] ?? "");
  const inputs = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  const fields = Object.fromEntries(
    [...inputs].map(([, name = "", value = ""]) => [name, readEntities(value)]),
  );
  return { action, fields };
}

const choose = (pageUrl: string, form: Record<string, string>) =>
  fetch(pageUrl, { method: "POST", body: new URLSearchParams(form) });

describe("the choice page", () => {
  it("names the test, the merchant and the amount, and offers every choice without script", async () => {
    const { pageUrl, sessionKey } = await sandbox.open({ product_name: `<b>"A" & B</b>` });
    const response = await fetch(pageUrl);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(html).toContain(`<header lang="en">SANDBOX GATEWAY – TEST</header>`);
    for (const text of [
      "testbox",
      "600.00 BDT",
      sessionKey.slice(-6),
      "&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;",
    ]) {
      expect(html).toContain(text);
    }
    expect(html).not.toMatch(/<script|<b>/);
    expect(html.match(/<fieldset><legend>/g)).toHaveLength(2);
    const values = (name: string) =>
      [...html.matchAll(new RegExp(`type="radio" name="${name}" value="(\\w+)"`, "g"))].map(
        ([, value]) => value,
      );
    expect(values("channel")).toEqual([...CHANNELS]);
    expect(values("outcome")).toEqual([...OUTCOMES]);
    expect(html.match(/<button type="submit">Continue<\/button>/g)).toHaveLength(1);
    expect(html).toMatch(/<details>[\s\S]*name="dropIpn"[\s\S]*name="dropReturn"[\s\S]*<\/details>/);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toContain("script-src");
  });

  it("speaks Bangla to a browser that prefers it", async () => {
    const { pageUrl } = await sandbox.open();
    const html = await (await fetch(pageUrl, { headers: { "accept-language": "bn-BD,bn;q=0.9" } })).text();
    expect(html).toContain(`<html lang="bn">`);
    expect(html).toContain("এগিয়ে যান");
  });

  it("says which rules are in force", async () => {
    const { body } = await sandbox.admin("POST rules", {
      name: "five copies",
      match: { amount: "77.00" },
      ipn: {},
    });
    const concerned = await sandbox.open({ total_amount: "77.00" });
    const other = await sandbox.open();
    expect(await (await fetch(concerned.pageUrl)).text()).toContain(
      `<dd><span lang="en">five copies</span></dd>`,
    );
    expect(await (await fetch(other.pageUrl)).text()).not.toContain("five copies");
    await sandbox.admin(`DELETE rules/${String(body.id)}`);
  });

  it("asks again when a choice is missing", async () => {
    const { pageUrl } = await sandbox.open();
    const response = await choose(pageUrl, { channel: "VISA", outcome: "win" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(`<p role="alert">Choose one way to pay and one outcome.</p>`);
    expect(sandbox.merchant.received).toEqual([]);
  });

  it("is not found for an unknown session", async () => {
    const { pageUrl } = await sandbox.open();
    for (const url of [`${pageUrl}X`, pageUrl.split("?")[0] ?? ""]) {
      const response = await fetch(url);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("Session not found");
    }
  });
});

describe("the answer page", () => {
  it("lets the browser post the signed fields to the merchant, by itself or by a button", async () => {
    const { pageUrl, tranId } = await sandbox.open({ value_c: `a&b=c+d "অ" <x>` });
    const response = await choose(pageUrl, { channel: "NAGAD", outcome: "success" });
    const html = await response.text();
    const { action, fields } = readReturnForm(html);
    expect(response.status).toBe(200);
    expect(action).toBe(`${sandbox.merchant.url}/success`);
    expect(fields).toMatchObject({ status: "VALID", tran_id: tranId, card_type: "NAGAD-Nagad" });
    expect(fields.value_c).toBe(`a&b=c+d "অ" <x>`);
    expect(verifyAsMerchant(fields, "qwerty")).toMatchObject({ md5: true, sha256: true });
    expect(html).toContain(`<button type="submit">Return to the merchant</button>`);
    const nonce = /<script nonce="([^"]+)">/.exec(html)?.[1];
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain(`script-src 'nonce-${nonce}'`);
    expect(policy).not.toContain("form-action");
    await sandbox.merchant.until(1);
    expect(sandbox.merchant.received.map(({ path }) => path)).toEqual(["/ipn"]);
  });

  it.each([
    ["fail", "/fail", "FAILED"],
    ["cancel", "/cancel", "CANCELLED"],
    ["fail_then_success", "/success", "VALID"],
    ["pending_then_valid", "/success", "PENDING"],
  ])("%s goes to %s", async (outcome, path, status) => {
    const { pageUrl } = await sandbox.open();
    const { action, fields } = readReturnForm(
      await (await choose(pageUrl, { channel: "VISA", outcome })).text(),
    );
    expect(action).toBe(`${sandbox.merchant.url}${path}`);
    expect(fields.status).toBe(status);
  });

  it.each([
    ["leave", "You left"],
    ["wait", "Waiting"],
  ])("%s ends at the gateway and leaves the session payable", async (outcome, title) => {
    const { pageUrl } = await sandbox.open();
    const html = await (await choose(pageUrl, { channel: "VISA", outcome })).text();
    expect(html).toContain(`<h1>${title}</h1>`);
    expect(html).not.toContain("<form");
    expect((await fetch(pageUrl)).status).toBe(200);
    expect((await choose(pageUrl, { channel: "VISA", outcome: "success" })).status).toBe(200);
    expect((await fetch(pageUrl)).status).toBe(410);
  });

  it("can lose either callback", async () => {
    const [first, second] = [await sandbox.open(), await sandbox.open()];
    const form = { channel: "VISA", outcome: "success" };
    const lost = await (await choose(first.pageUrl, { ...form, dropReturn: "true" })).text();
    expect(lost).toContain("<h1>Return lost</h1>");
    await sandbox.merchant.until(1);
    const back = await (await choose(second.pageUrl, { ...form, dropIpn: "true" })).text();
    expect(readReturnForm(back).fields.tran_id).toBe(second.tranId);
    const { entries } = (await sandbox.admin(`GET journal?tranId=${second.tranId}`)).body;
    expect(entries).toMatchObject([
      { op: "session" },
      { channel: "ipn", dropped: true },
      { channel: "return", via: "browser", dropped: false },
    ]);
    expect(sandbox.merchant.received.map(({ fields }) => fields.tran_id)).toEqual([first.tranId]);
  });

  it("pays once, however often the form is sent", async () => {
    const { pageUrl, tranId } = await sandbox.open();
    const form = { channel: "VISA", outcome: "success" };
    const statuses = (await Promise.all([1, 2, 3].map(() => choose(pageUrl, form)))).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([200, 410, 410]);
    expect((await sandbox.admin(`GET charges?tranId=${tranId}`)).body.charges).toHaveLength(1);
  });
});
