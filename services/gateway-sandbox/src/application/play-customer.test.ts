import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { verifyAsMerchant } from "../testing/merchant.ts";
import { type SandboxUnderTest, startSandbox } from "../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await sandbox.admin("POST reset");
  sandbox.merchant.received.length = 0;
});

const paths = () => sandbox.merchant.received.map(({ path, fields }) => `${path} ${fields.status}`);

describe("success", () => {
  it("sends a signed notification of 27 names and one unsigned field, and the browser with the same", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    const acted = await sandbox.act(sessionKey, { outcome: "success", channel: "BKASH" });
    expect(acted).toMatchObject({ sessionkey: sessionKey, tranId, status: "VALID", finished: true });
    const [ipn] = sandbox.merchant.at("/ipn");
    const [back] = sandbox.merchant.at("/success");
    expect(ipn?.fields).toMatchObject({
      status: "VALID",
      tran_id: tranId,
      store_id: "testbox",
      amount: "600.00",
      store_amount: "585.00",
      currency: "BDT",
      currency_type: "BDT",
      currency_amount: "600.00",
      currency_rate: "1.0000",
      card_type: "BKASH-BKash",
      card_no: "",
      risk_level: "0",
      risk_title: "Safe",
      value_a: "pay_test",
      value_b: "1",
      value_c: "",
      subscription_id: "",
    });
    expect(ipn?.fields.val_id).toMatch(/^\d{11,12}\w{15}$/);
    const verdict = verifyAsMerchant(ipn?.fields ?? {}, "qwerty");
    expect(verdict).toMatchObject({ md5: true, sha256: true });
    expect(verdict.names).toHaveLength(27);
    expect(verdict.names).not.toContain("subscription_id");
    expect(verifyAsMerchant(ipn?.fields ?? {}, "wrong")).toMatchObject({ md5: false, sha256: false });
    expect(back?.fields).toEqual(ipn?.fields);
  });

  it("posts the return once and does not follow its redirect", async () => {
    const { sessionKey } = await sandbox.open();
    const acted = await sandbox.act(sessionKey);
    expect(paths()).toEqual(["/ipn VALID", "/success VALID"]);
    expect(acted.callbacks).toMatchObject([
      { channel: "ipn", httpStatus: 200 },
      { channel: "return", httpStatus: 303, location: "/followed" },
    ]);
  });

  it("lets the browser come back 50 ms after the notification", async () => {
    await using slow = await startSandbox({ SANDBOX_RETURN_DELAY_MS: "" });
    const { sessionKey } = await slow.open();
    const { callbacks } = await slow.act(sessionKey);
    const [ipn, back] = callbacks as { channel: string; at: number }[];
    const [charge] = (await slow.admin("GET charges")).body.charges as { chargedAt: number }[];
    expect([ipn?.channel, back?.channel]).toEqual(["ipn", "return"]);
    expect((back?.at ?? 0) - (charge?.chargedAt ?? 0)).toBeGreaterThanOrEqual(50);
  });

  it("settles a foreign currency in BDT and keeps what was asked for", async () => {
    const { sessionKey } = await sandbox.open({ total_amount: "100.00", currency: "EUR" });
    await sandbox.act(sessionKey);
    expect(sandbox.merchant.at("/ipn")[0]?.fields).toMatchObject({
      amount: "10228.84",
      currency: "BDT",
      currency_amount: "100.00",
      currency_type: "EUR",
      currency_rate: "102.2884",
      store_amount: "9973.12",
    });
  });

  it("marks the risk", async () => {
    const { sessionKey } = await sandbox.open();
    await sandbox.act(sessionKey, { outcome: "success_risk" });
    expect(sandbox.merchant.at("/ipn")[0]?.fields).toMatchObject({
      risk_level: "1",
      risk_title: "High Risk",
    });
  });
});

describe("other outcomes", () => {
  it.each([
    ["fail", ["/ipn FAILED", "/fail FAILED"], "FAILED"],
    ["cancel", ["/ipn CANCELLED", "/cancel CANCELLED"], "CANCELLED"],
    ["leave", ["/ipn UNATTEMPTED"], "UNATTEMPTED"],
    ["wait", [], "PROCESSING"],
  ])("%s", async (outcome, expected, status) => {
    const { sessionKey } = await sandbox.open();
    expect(await sandbox.act(sessionKey, { outcome })).toMatchObject({ status, finished: true });
    expect(paths()).toEqual(expected);
    for (const { fields } of sandbox.merchant.received) {
      const verdict = verifyAsMerchant(fields, "qwerty");
      expect(verdict).toMatchObject({ md5: true, sha256: true });
      expect(verdict.names).toEqual(expect.arrayContaining(["tran_id", "status"]));
    }
  });

  it("a failed try carries the bank's words", async () => {
    const { sessionKey } = await sandbox.open();
    await sandbox.act(sessionKey, { outcome: "fail" });
    expect(sandbox.merchant.at("/fail")[0]?.fields).toMatchObject({ error: "Declined by the issuing bank" });
    expect((await sandbox.admin("GET charges")).body.charges).toEqual([]);
  });

  it("fail_then_success tells both tries in one session", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.act(sessionKey, { outcome: "fail_then_success" });
    expect(paths()).toEqual(["/ipn FAILED", "/ipn VALID", "/success VALID"]);
    const { body } = await sandbox.ask({ tran_id: tranId });
    expect(body.no_of_trans_found).toBe(2);
    expect((body.element as { status: string }[]).map(({ status }) => status)).toEqual(["FAILED", "VALID"]);
  });

  it("pending_then_valid returns while the money moves, and is paid five seconds later", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    const acted = await sandbox.act(sessionKey, { outcome: "pending_then_valid", waitMs: 100 });
    expect(acted).toMatchObject({ status: "PENDING", finished: false });
    expect(paths()).toEqual(["/success PENDING"]);
    await sandbox.admin("POST clock", { advanceMs: 4_000 });
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({ element: [{ status: "PENDING" }] });
    await sandbox.admin("POST clock", { advanceMs: 1_000 });
    expect(paths()).toEqual(["/success PENDING", "/ipn VALID"]);
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({ element: [{ status: "VALID" }] });
  });
});

describe("the end of the lifetime", () => {
  it("is told once as EXPIRED, and the page cannot be paid any more", async () => {
    const { sessionKey, pageUrl, tranId } = await sandbox.open();
    await sandbox.act(sessionKey, { outcome: "wait" });
    await sandbox.admin("POST clock", { advanceMs: 1_799_000 });
    expect(paths()).toEqual([]);
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect(paths()).toEqual(["/ipn EXPIRED"]);
    expect(verifyAsMerchant(sandbox.merchant.received[0]?.fields ?? {}, "qwerty").sha256).toBe(true);
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({ element: [{ status: "EXPIRED" }] });
    expect((await fetch(pageUrl)).status).toBe(410);
  });

  it.each(["success", "leave"])("says nothing after %s", async (outcome) => {
    const { sessionKey } = await sandbox.open();
    await sandbox.act(sessionKey, { outcome });
    const before = paths();
    await sandbox.admin("POST clock", { advanceMs: 3_600_000 });
    expect(paths()).toEqual(before);
  });
});

describe("acting", () => {
  it("loses a callback on request", async () => {
    const [first, second] = [await sandbox.open(), await sandbox.open()];
    await sandbox.act(first.sessionKey, { dropIpn: true });
    expect(paths()).toEqual(["/success VALID"]);
    await sandbox.act(second.sessionKey, { dropReturn: true });
    expect(paths()).toEqual(["/success VALID", "/ipn VALID"]);
    expect((await sandbox.admin("GET charges")).body.charges).toHaveLength(2);
  });

  it("thinks first when told so", async () => {
    const { sessionKey } = await sandbox.open();
    expect(await sandbox.act(sessionKey, { afterMs: 60_000, waitMs: 0 })).toMatchObject({
      status: "PROCESSING",
    });
    await sandbox.admin("POST clock", { advanceMs: 60_001 });
    expect(paths()).toEqual(["/ipn VALID", "/success VALID"]);
  });

  it("refuses an ended session, unless the money is to come late", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.act(sessionKey, { outcome: "cancel" });
    expect((await sandbox.admin(`POST sessions/${sessionKey}/act`, {})).status).toBe(409);
    expect((await sandbox.act(sessionKey, { late: true })).status).toBe("VALID");
    expect((await sandbox.act(sessionKey, { late: true })).status).toBe("VALID");
    const { charges } = (await sandbox.admin(`GET charges?tranId=${tranId}`)).body;
    expect(new Set((charges as { valId: string }[]).map(({ valId }) => valId)).size).toBe(2);
  });

  it("knows no session but its own", async () => {
    expect((await sandbox.admin("POST sessions/NONE/act", {})).status).toBe(404);
    expect((await sandbox.admin("POST sessions/NONE/act", { outcome: "win" })).status).toBe(400);
  });
});
