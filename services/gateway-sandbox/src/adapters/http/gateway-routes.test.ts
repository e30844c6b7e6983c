import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxUnderTest, startSandbox } from "../../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());
afterEach(() => sandbox.admin("POST reset"));

const base = () => `http://${sandbox.app.address.host}:${sandbox.app.address.port}`;
const queryUrl = (tranId: string) =>
  `${base()}/validator/api/merchantTransIDvalidationAPI.php?tran_id=${tranId}&store_id=testbox&store_passwd=qwerty`;

async function openWithRule(reply: object, rest: object = {}) {
  await sandbox.admin("POST rules", { name: "fault", reply, ...rest });
  return sandbox.order();
}

describe("a reply rule", () => {
  it("changes the status and the body, as often as it says", async () => {
    const { tranId } = await sandbox.open();
    await sandbox.admin("POST rules", { times: 1, reply: { query: { status: 500, body: "html" } } });
    const broken = await fetch(queryUrl(tranId));
    expect([broken.status, broken.headers.get("content-type")]).toEqual([500, "text/html; charset=utf-8"]);
    expect(await broken.text()).toMatch(/^<html>/);
    expect((await fetch(queryUrl(tranId))).status).toBe(200);
  });

  it("sends nothing, or half of it", async () => {
    const { tranId } = await sandbox.open();
    await sandbox.admin("POST rules", { times: 1, reply: { query: { body: "empty" } } });
    await sandbox.admin("POST rules", { times: 1, reply: { query: { body: "truncated" } } });
    expect(await (await fetch(queryUrl(tranId))).text()).toBe("");
    const half = await (await fetch(queryUrl(tranId))).text();
    expect(half).toMatch(/^\{"APIConnect"/);
    expect(() => JSON.parse(half)).toThrow();
  });

  it("overwrites fields, those of the elements too", async () => {
    const { tranId } = await sandbox.open();
    await sandbox.admin("POST rules", {
      reply: { query: { set: { APIConnect: "INACTIVE", "element.status": "ODD" } } },
    });
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({
      APIConnect: "INACTIVE",
      element: [{ status: "ODD", tran_id: tranId }],
    });
  });

  it("delays the answer and not the effect", async () => {
    const fields = await openWithRule({ session: { delayMs: 150 } });
    const begun = performance.now();
    const answer = sandbox.postSession(fields);
    await expect
      .poll(async () => (await sandbox.admin(`GET sessions?tranId=${fields.tran_id}`)).body.sessions)
      .toHaveLength(1);
    await answer;
    expect(performance.now() - begun).toBeGreaterThan(140);
  });

  it.each([
    ["before", 0],
    ["after", 1],
  ])("cuts the connection %s the effect", async (cut, sessions) => {
    const fields = await openWithRule({ session: { cut } });
    await expect(sandbox.postSession(fields)).rejects.toThrow();
    const { body } = await sandbox.admin(`GET sessions?tranId=${fields.tran_id}`);
    expect(body.sessions).toHaveLength(sessions);
    const { entries } = (await sandbox.admin("GET journal")).body;
    expect(entries).toMatchObject([{ op: "session", fault: "fault", httpStatus: null }]);
  });

  it("matches a refund by the refund's own amount", async () => {
    const { sessionKey } = await sandbox.open();
    await sandbox.act(sessionKey);
    const [charge] = (await sandbox.admin("GET charges")).body.charges as { bankTranId: string }[];
    await sandbox.admin("POST rules", { match: { amount: "20.00" }, reply: { refund: { status: 503 } } });
    const refund = async (amount: string) => {
      const parameters = {
        refund_amount: amount,
        refund_trans_id: `rf_${amount}`,
        refund_remarks: "Returned",
      };
      return (await sandbox.ask({ bank_tran_id: charge?.bankTranId ?? "", ...parameters })).status;
    };
    expect([await refund("21.00"), await refund("20.00")]).toEqual([200, 503]);
  });
});

describe("the truth of a rule", () => {
  it("is what validation and query tell", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    const truth = { amount: "100", currency: "USD", storeId: "x", tranId: "y" };
    await sandbox.admin("POST rules", { truth });
    await sandbox.act(sessionKey);
    const told = { status: "VALID", amount: "100", currency: "USD", store_id: "x", tran_id: "y" };
    const query = (await sandbox.ask({ tran_id: tranId })).body as { element: { val_id: string }[] };
    expect(query.element).toMatchObject([told]);
    const valId = query.element[0]?.val_id ?? "";
    expect((await sandbox.validate({ val_id: valId })).body).toMatchObject(told);
    expect(sandbox.merchant.received.at(-1)?.fields).toMatchObject({ amount: "600.00", tran_id: tranId });
  });

  it("can take the money away again", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.admin("POST rules", { truth: { reversedAfterMs: 5_000 } });
    await sandbox.act(sessionKey);
    const status = async () => (await sandbox.ask({ tran_id: tranId })).body;
    expect(await status()).toMatchObject({ element: [{ status: "VALID" }] });
    await sandbox.admin("POST clock", { advanceMs: 5_000 });
    expect(await status()).toMatchObject({ element: [{ status: "CANCELLED" }] });
  });
});

describe("an outage", () => {
  it.each([
    ["500", 500, "text/plain; charset=utf-8"],
    ["html", 200, "text/html; charset=utf-8"],
    ["429", 429, "text/plain; charset=utf-8"],
  ])("%s", async (mode, status, contentType) => {
    const { tranId } = await sandbox.open();
    await sandbox.admin("POST outage", { ops: ["query"], mode, forMs: 30_000 });
    const response = await fetch(queryUrl(tranId));
    expect([response.status, response.headers.get("content-type")]).toEqual([status, contentType]);
    expect(response.headers.get("retry-after")).toBe(mode === "429" ? "30" : null);
    expect((await sandbox.validate({ val_id: "x" })).status).toBe(200);
    await sandbox.admin("POST clock", { advanceMs: 30_000 });
    expect((await fetch(queryUrl(tranId))).status).toBe(200);
  });

  it("refuses the connection, and opens no session meanwhile", async () => {
    await sandbox.admin("POST outage", { mode: "refuse", forMs: 30_000 });
    await expect(sandbox.postSession(sandbox.order())).rejects.toThrow();
    await sandbox.admin("POST outage", { forMs: 0 });
    expect((await sandbox.admin("GET sessions")).body.sessions).toEqual([]);
    expect((await sandbox.postSession(sandbox.order())).body.status).toBe("SUCCESS");
  });

  it("hangs until its end", async () => {
    await sandbox.admin("POST outage", { ops: ["query"], mode: "hang", forMs: 120 });
    const begun = performance.now();
    await expect(fetch(queryUrl("x"))).rejects.toThrow();
    expect(performance.now() - begun).toBeGreaterThan(100);
  });

  it("does not keep the simulator from stopping", async () => {
    const other = await startSandbox();
    await other.admin("POST outage", { mode: "hang", forMs: 600_000 });
    const hanging = other.postSession(other.order()).catch(() => "closed");
    await expect.poll(async () => (await other.admin("GET journal")).body.entries).toHaveLength(1);
    const begun = performance.now();
    await other[Symbol.asyncDispose]();
    expect(await hanging).toBe("closed");
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

it("uses each address with its own method only", async () => {
  expect((await fetch(`${base()}/gwprocess/v4/api.php`)).status).toBe(405);
  expect((await fetch(queryUrl("x"), { method: "POST" })).status).toBe(405);
  expect((await fetch(`${base()}/elsewhere`)).status).toBe(404);
  expect(
    (await fetch(`${base()}/gwprocess/v4/api.php`, { method: "POST", body: "x".repeat(300_000) })).status,
  ).toBe(413);
});

it("is ready as soon as it listens", async () => {
  expect(await (await fetch(`${base()}/healthz`)).json()).toEqual({ status: "ready" });
  expect(await (await fetch(`${base()}/public/tls/`)).text()).toBe("TLS is okay");
});
