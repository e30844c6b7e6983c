import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listCalls, listCharges, openMagic } from "../testing/magic.ts";
import { type Received, verifyAsMerchant } from "../testing/merchant.ts";
import { type SandboxUnderTest, startSandbox } from "../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await sandbox.admin("POST reset");
  sandbox.merchant.received.length = 0;
  sandbox.merchant.answers.length = 0;
  sandbox.merchant.hold(0);
});

const PAID = ["/ipn VALID", "/success VALID"];

/** Opens, lets the autopilot play, moves the clock and waits for so many callbacks. */
async function play(amount: string, count: number, advanceMs = 0) {
  const opened = await openMagic(sandbox, amount);
  if (advanceMs > 0) await sandbox.admin("POST clock", { advanceMs });
  await sandbox.merchant.until(count);
  return opened;
}

describe("delivery", () => {
  it.each([
    ["4041.01", ["/success VALID"]],
    ["4041.02", ["/ipn VALID"]],
    ["4041.03", []],
    ["4041.05", ["/ipn VALID", "/ipn VALID", "/ipn VALID", "/ipn VALID", "/ipn VALID", "/success VALID"]],
  ])("%s reaches the merchant as %j", async (amount, calls) => {
    const { tranId } = await play(amount, calls.length, 60_000);
    expect([...listCalls(sandbox)].sort()).toEqual(calls);
    expect(await listCharges(sandbox, tranId)).toHaveLength(1);
    expect(new Set(sandbox.merchant.at("/ipn").map(({ body }) => body)).size).toBeLessThan(2);
  });

  it("4041.04 notifies ten seconds late", async () => {
    await play("4041.04", 1);
    expect(listCalls(sandbox)).toEqual(["/success VALID"]);
    await sandbox.admin("POST clock", { advanceMs: 9_000 });
    expect(listCalls(sandbox)).toEqual(["/success VALID"]);
    await sandbox.admin("POST clock", { advanceMs: 1_000 });
    expect(listCalls(sandbox)).toEqual(["/success VALID", "/ipn VALID"]);
  });

  it("4041.06 sends twenty copies over connections that are open together", async () => {
    sandbox.merchant.hold(20);
    await play("4041.06", 21);
    expect(sandbox.merchant.at("/ipn")).toHaveLength(20);
  });

  it("4041.07 notifies before the session answer has left, and the browser comes after it", async () => {
    const answer = openMagic(sandbox, "4041.07").then(() => listCalls(sandbox).slice(0, 1));
    expect(await answer).toEqual(["/ipn VALID"]);
    await sandbox.merchant.until(2);
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect(listCalls(sandbox)).toEqual(PAID);
    const { entries } = (await sandbox.admin("GET journal")).body;
    expect(entries).toMatchObject([{ op: "session" }, { channel: "ipn" }, { channel: "return" }]);
  });

  it("holds the browser back until a slow notification has gone first, and the session answer no longer", async () => {
    const order = "before_session_answer";
    await sandbox.admin("POST rules", { customer: {}, ipn: { order, delayMs: 30 }, times: 1 });
    await sandbox.open();
    await sandbox.merchant.until(2);
    expect(listCalls(sandbox)).toEqual(PAID);
    sandbox.merchant.received.length = 0;
    await sandbox.admin("POST rules", { customer: {}, ipn: { order }, return: { delayMs: 60_000 } });
    const begun = performance.now();
    await sandbox.open();
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(listCalls(sandbox)).toEqual(["/ipn VALID"]);
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect(listCalls(sandbox)).toEqual(PAID);
  });

  it("4041.08 notifies after the return was answered", async () => {
    await play("4041.08", 1);
    expect(listCalls(sandbox)).toEqual(["/success VALID"]);
    await sandbox.admin("POST clock", { advanceMs: 500 });
    await sandbox.merchant.until(2);
    expect(listCalls(sandbox)).toEqual(["/success VALID", "/ipn VALID"]);
  });

  it("4041.09 tells the failure of the first try after the success of the second", async () => {
    await play("4041.09", 2, 200);
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    await sandbox.merchant.until(3);
    expect(listCalls(sandbox)).toEqual([...PAID, "/ipn FAILED"]);
  });

  it("repeats a return as often as a rule says", async () => {
    await sandbox.admin("POST rules", { return: { copies: 3 }, customer: {} });
    await sandbox.open();
    await sandbox.merchant.until(4);
    expect(sandbox.merchant.at("/success")).toHaveLength(3);
  });

  it("retries a notification until it is taken, and no longer", async () => {
    await sandbox.admin("POST rules", { ipn: { retries: 3, retryAfterMs: 60_000 }, customer: {} });
    sandbox.merchant.answers.push(500, 404);
    await sandbox.open();
    await sandbox.merchant.until(2);
    for (const count of [2, 3, 3]) {
      await sandbox.admin("POST clock", { advanceMs: 60_000 });
      await expect.poll(() => sandbox.merchant.at("/ipn").length).toBe(count);
    }
  });

  it("gives a merchant up that never takes it", async () => {
    await sandbox.admin("POST rules", { ipn: { retries: 1, retryAfterMs: 1_000 }, customer: {} });
    sandbox.merchant.answers.push(500, 500, 500);
    await sandbox.open();
    await sandbox.merchant.until(2);
    for (let i = 0; i < 3; i++) await sandbox.admin("POST clock", { advanceMs: 10_000 });
    expect(sandbox.merchant.at("/ipn")).toHaveLength(2);
  });
});

describe("signature and content of the notification", () => {
  const ipnOf = async (amount: string): Promise<Received> => {
    await play(amount, 2);
    const [ipn] = sandbox.merchant.at("/ipn");
    if (ipn === undefined) throw new Error("no notification came");
    return ipn;
  };
  const verdictOf = ({ fields }: Received) => {
    const { md5, sha256, names } = verifyAsMerchant(fields, "qwerty");
    return [md5, sha256, names.length];
  };

  it.each([
    ["4041.10", [false, false, 27]],
    ["4041.11", [false, false, 1]],
    ["4041.12", [true, false, 27]],
    ["4041.13", [false, false, 27]],
    ["4041.14", [true, true, 26]],
    ["4041.15", [true, true, 25]],
    ["4041.17", [false, false, 27]],
    ["4041.18", [true, true, 27]],
    ["4041.19", [true, true, 27]],
    ["4041.20", [true, true, 27]],
    ["4041.21", [true, true, 27]],
    ["4041.22", [true, true, 27]],
  ])("%s verifies by MD5, by SHA-256, over so many names: %j", async (amount, verdict) => {
    expect(verdictOf(await ipnOf(amount))).toEqual(verdict);
    const [back] = sandbox.merchant.at("/success");
    expect(verifyAsMerchant(back?.fields ?? {}, "qwerty").sha256).toBe(true);
  });

  it("4041.14 leaves the amount in the body and out of the signed names", async () => {
    const { fields } = await ipnOf("4041.14");
    expect(fields.amount).toBe("4041.14");
    expect(fields.verify_key?.split(",")).not.toContain("amount");
  });

  it("4041.15 has none of the newer fields", async () => {
    const { fields } = await ipnOf("4041.15");
    expect(["card_sub_brand", "error", "subscription_id"].filter((name) => name in fields)).toEqual([]);
  });

  it("4041.16 names the amount twice", async () => {
    const { body } = await ipnOf("4041.16");
    expect(new URLSearchParams(body).getAll("amount")).toEqual(["4041.16", "1.00"]);
  });

  it.each([
    ["4041.17", { amount: "1.00" }],
    ["4041.18", { amount: "1.00" }],
    ["4041.19", { store_id: "otherstore" }],
    ["4041.20", { tran_id: "unknown-1" }],
    ["4041.21", { status: "SETTLED" }],
    ["4041.22", { value_d: "ক&খ=গ+ঘ" }],
  ])("%s says %j", async (amount, said) => {
    expect((await ipnOf(amount)).fields).toMatchObject(said);
  });

  it("4041.22 fits into the longest field", async () => {
    const { fields } = await ipnOf("4041.22");
    const length = [...(fields.value_c ?? "")].length;
    expect(length).toBeGreaterThan(200);
    expect(length).toBeLessThan(256);
  });
});

describe("forgeries", () => {
  it("4041.23 cancels while the page is open; then the customer pays", async () => {
    const { pageUrl } = await play("4041.23", 1);
    expect(listCalls(sandbox)).toEqual(["/ipn CANCELLED"]);
    expect((await fetch(pageUrl)).status).toBe(200);
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    await sandbox.merchant.until(3);
    expect(listCalls(sandbox)).toEqual(["/ipn CANCELLED", ...PAID]);
    const verdicts = sandbox.merchant.received.map(({ fields }) => verifyAsMerchant(fields, "qwerty").sha256);
    expect(verdicts).toEqual([false, true, true]);
  });

  it("4041.24 fails after the success", async () => {
    const { tranId } = await play("4041.24", 2);
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    expect(listCalls(sandbox)).toEqual([...PAID, "/ipn FAILED"]);
    expect(await listCharges(sandbox, tranId)).toHaveLength(1);
  });

  it("4041.25 claims a success that nobody paid, unsigned", async () => {
    const { tranId } = await play("4041.25", 1);
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect(sandbox.merchant.received).toMatchObject([{ path: "/success", fields: { status: "VALID" } }]);
    expect(sandbox.merchant.received[0]?.fields.verify_sign).toBeUndefined();
    expect(await listCharges(sandbox, tranId)).toEqual([]);
  });

  it("4041.26 returns with the name of another payment, where there is one", async () => {
    const first = await play("4041.26", 1);
    expect(sandbox.merchant.received[0]?.fields.tran_id).toBe("another-payment");
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    await sandbox.merchant.until(3);
    sandbox.merchant.received.length = 0;
    const second = await play("4041.26", 1);
    expect(sandbox.merchant.received).toMatchObject([
      { path: "/success", fields: { tran_id: first.tranId } },
    ]);
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    await sandbox.merchant.until(3);
    expect(sandbox.merchant.at("/ipn")).toMatchObject([{ fields: { tran_id: second.tranId } }]);
  });
});
