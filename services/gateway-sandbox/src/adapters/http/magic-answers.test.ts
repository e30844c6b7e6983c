import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listCalls, listCharges, nextPayment, openMagic } from "../../testing/magic.ts";
import { type SandboxUnderTest, startSandbox } from "../../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await sandbox.admin("POST reset");
  sandbox.merchant.received.length = 0;
});

const base = () => `http://${sandbox.app.address.host}:${sandbox.app.address.port}`;
const postSession = (fields: Record<string, string>, signal?: AbortSignal) =>
  fetch(`${base()}/gwprocess/v4/api.php`, {
    method: "POST",
    body: new URLSearchParams(fields),
    ...(signal ? { signal } : {}),
  });
const ask = (name: string, value: string, script = "merchantTransIDvalidationAPI") =>
  fetch(`${base()}/validator/api/${script}.php?${name}=${value}&store_id=testbox&store_passwd=qwerty`);
const query = (tranId: string) => ask("tran_id", tranId);
const validate = (valId: string) => ask("val_id", valId, "validationserverAPI");
const countSessions = async (tranId: string | undefined) =>
  ((await sandbox.admin(`GET sessions?tranId=${tranId}`)).body.sessions as unknown[]).length;

/** One line for what a client sees of an answer. */
async function summarise(answer: Promise<Response>): Promise<string> {
  const response = await answer.catch(() => null);
  if (response === null) return "cut";
  const text = await response.text();
  const isJson = text.startsWith("{") && text.endsWith("}");
  const { status } = (isJson ? JSON.parse(text) : {}) as { status?: string };
  return `${response.status} ${text === "" ? "empty" : isJson ? status : text.startsWith("<") ? "html" : "broken"}`;
}

describe("the first session of a payment", () => {
  it.each([
    ["4042.01", "200 FAILED", 0],
    ["4042.02", "500 html", 1],
    ["4042.03", "200 html", 1],
    ["4042.04", "200 empty", 1],
    ["4042.05", "200 broken", 1],
    ["4042.06", "cut", 1],
    ["4042.07", "cut", 0],
  ])("%s is answered %s, and the second one opens and is paid", async (amount, line, sessions) => {
    const value_a = nextPayment();
    const first = sandbox.order({ total_amount: amount, value_a });
    expect(await summarise(postSession(first))).toBe(line);
    expect(await countSessions(first.tran_id)).toBe(sessions);
    const { tranId } = await sandbox.open({ total_amount: amount, value_a });
    await sandbox.merchant.until(2);
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect([...listCalls(sandbox)].sort()).toEqual(["/ipn VALID", "/success VALID"]);
    expect(await listCharges(sandbox, tranId)).toHaveLength(1);
    expect(await listCharges(sandbox, first.tran_id ?? "")).toEqual([]);
  });

  it.each(["4042.08", "4042.09"])(
    "%s outlasts a client's patience, and nobody pays there",
    async (amount) => {
      const value_a = nextPayment();
      const first = sandbox.order({ total_amount: amount, value_a });
      const answer = postSession(first, AbortSignal.timeout(80)).then((response) => response.text());
      await expect(answer).rejects.toThrow();
      expect(await countSessions(first.tran_id)).toBe(1);
      await sandbox.open({ total_amount: amount, value_a });
      await sandbox.merchant.until(2);
      expect(await listCharges(sandbox, first.tran_id ?? "")).toEqual([]);
    },
  );

  it("4042.10 leads to a foreign host, and nobody pays there", async () => {
    const fields = sandbox.order({ total_amount: "4042.10", value_a: nextPayment() });
    const { body } = await sandbox.postSession(fields);
    expect(body).toMatchObject({
      status: "SUCCESS",
      GatewayPageURL: "https://pages.example/gwprocess/v4/gw.php",
    });
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect(sandbox.merchant.received).toEqual([]);
  });

  it("is counted for each payment by itself", async () => {
    const lines = [];
    for (const value_a of [nextPayment(), nextPayment()]) {
      lines.push(await summarise(postSession(sandbox.order({ total_amount: "4042.01", value_a }))));
    }
    expect(lines).toEqual(["200 FAILED", "200 FAILED"]);
  });
});

describe("a dripping answer", () => {
  it("comes byte by byte and is whole in the end", async () => {
    await sandbox.admin("POST rules", { reply: { query: { body: "drip", dripMs: 1 } } });
    const response = await query("nothing");
    let chunks = 0;
    let text = "";
    for await (const chunk of response.body ?? []) {
      chunks += 1;
      text += Buffer.from(chunk).toString();
    }
    expect(JSON.parse(text)).toMatchObject({ element: [{ status: "INVALID" }] });
    expect(chunks).toBeGreaterThan(20);
  });
});

describe("validation", () => {
  async function pay(amount: string) {
    const { tranId } = await openMagic(sandbox, amount);
    await sandbox.merchant.until(2);
    const [charge] = await listCharges(sandbox, tranId);
    return { tranId, valId: charge?.valId ?? "" };
  }

  it.each([
    ["4042.11", ["500 html", "200 VALIDATED", "200 VALIDATED"]],
    ["4042.12", ["200 INVALID_TRANSACTION", "200 INVALID_TRANSACTION", "200 VALID"]],
    ["4042.13", ["200 html", "200 html", "200 VALIDATED"]],
  ])("%s answers %j", async (amount, expected) => {
    const { valId } = await pay(amount);
    const lines = [];
    for (let i = 0; i < 3; i++) lines.push(await summarise(validate(valId)));
    expect(lines).toEqual(expected);
  });

  it("4042.12 is contradicted by the query meanwhile", async () => {
    const { tranId, valId } = await pay("4042.12");
    await validate(valId);
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({ element: [{ status: "VALID" }] });
  });

  it("4042.14 says APIConnect FAILED twice", async () => {
    const { valId } = await pay("4042.14");
    const words = [];
    for (let i = 0; i < 3; i++) words.push((await sandbox.validate({ val_id: valId })).body.APIConnect);
    expect(words).toEqual(["FAILED", "FAILED", "DONE"]);
  });

  it("4042.15 is down for a minute, the query too", async () => {
    const { tranId, valId } = await pay("4042.15");
    const both = async () => [(await validate(valId)).status, (await query(tranId)).status];
    expect(await both()).toEqual([500, 500]);
    await sandbox.admin("POST clock", { advanceMs: 59_000 });
    expect(await both()).toEqual([500, 500]);
    await sandbox.admin("POST clock", { advanceMs: 1_000 });
    expect(await both()).toEqual([200, 200]);
  });
});

describe("the query, where no callback tells of the payment", () => {
  const askThrice = async (amount: string) => {
    const { tranId } = await openMagic(sandbox, amount);
    await expect.poll(() => listCharges(sandbox, tranId)).toHaveLength(1);
    const answers: Response[] = [];
    for (let i = 0; i < 3; i++) answers.push(await query(tranId));
    expect(sandbox.merchant.received).toEqual([]);
    return answers;
  };
  const PAID = { APIConnect: "DONE", no_of_trans_found: 1, element: [{ status: "VALID" }] };

  it.each([
    ["4042.21", { APIConnect: "FAILED" }],
    ["4042.22", { APIConnect: "INACTIVE" }],
    ["4042.23", { no_of_trans_found: 0, element: [{ status: "INVALID" }] }],
    ["4042.24", { no_of_trans_found: 1, element: { status: "VALID" } }],
    ["4042.25", { no_of_trans_found: "1", element: [{ status: "VALID" }] }],
    ["4042.27", { element: [{ status: "ON_HOLD" }] }],
  ])("%s answers %j twice, then properly", async (amount, told) => {
    const bodies = await Promise.all((await askThrice(amount)).map((answer) => answer.json()));
    expect(bodies).toMatchObject([told, told, PAID]);
  });

  it("4042.26 never says more than PROCESSING", async () => {
    const open = { element: [{ status: "PROCESSING", val_id: "" }] };
    const bodies = await Promise.all((await askThrice("4042.26")).map((answer) => answer.json()));
    expect(bodies).toMatchObject([open, open, open]);
  });

  it("4042.28 answers an HTML page", async () => {
    const lines = (await askThrice("4042.28")).map((answer) => answer.headers.get("content-type"));
    expect(lines).toEqual([
      "text/html; charset=utf-8",
      "text/html; charset=utf-8",
      "application/json; charset=utf-8",
    ]);
  });

  it("4042.29 is throttled and says for how long", async () => {
    const answers = (await askThrice("4042.29")).map(({ status, headers }) => [
      status,
      headers.get("retry-after"),
    ]);
    expect(answers).toEqual([
      [429, "30"],
      [429, "30"],
      [200, null],
    ]);
  });

  it("4042.30 answers more than anybody should read, and it is JSON", async () => {
    const [first, , last] = await askThrice("4042.30");
    const text = (await first?.text()) ?? "";
    expect(text.length).toBeGreaterThan(10_000_000);
    expect(JSON.parse(text)).toMatchObject(PAID);
    expect(Number(last?.headers.get("content-length"))).toBeLessThan(10_000);
  });
});

describe("what the gateway believes", () => {
  it.each([
    ["4042.31", { amount: "4042" }],
    ["4042.32", { amount: "4041.32" }],
    ["4042.33", { amount: "404233.00" }],
    ["4042.34", { currency: "USD", currency_type: "USD" }],
    ["4042.35", { store_id: "otherstore" }],
    ["4042.36", { tran_id: "unknown-1" }],
    ["4042.37", { amount: "4042.370" }],
  ])("%s is told by validation and query alike: %j", async (amount, told) => {
    const { tranId } = await openMagic(sandbox, amount);
    await sandbox.merchant.until(2);
    const [charge] = await listCharges(sandbox, tranId);
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({ element: [told] });
    expect((await sandbox.validate({ val_id: charge?.valId ?? "" })).body).toMatchObject(told);
    expect(sandbox.merchant.at("/ipn")).toMatchObject([{ fields: { amount, tran_id: tranId } }]);
  });

  it("4042.38 reverses the payment after five seconds", async () => {
    const { tranId } = await openMagic(sandbox, "4042.38");
    await sandbox.merchant.until(2);
    const status = async () => (await sandbox.ask({ tran_id: tranId })).body;
    expect(await status()).toMatchObject({ element: [{ status: "VALID" }] });
    await sandbox.admin("POST clock", { advanceMs: 5_000 });
    expect(await status()).toMatchObject({ element: [{ status: "CANCELLED" }] });
  });
});
