import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxUnderTest, startSandbox } from "../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox({ SANDBOX_STORES: "testbox:qwerty,other:secret" });
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const OTHER = { store_id: "other", store_passwd: "secret" };
const WRONG = { store_passwd: "wrong" };

async function pay(total_amount = "600.00") {
  const opened = await sandbox.open({ total_amount });
  await sandbox.act(opened.sessionKey, { dropIpn: true, dropReturn: true });
  const { charges } = (await sandbox.admin(`GET charges?tranId=${opened.tranId}`)).body;
  const [charge] = charges as { valId: string; bankTranId: string }[];
  return { ...opened, valId: charge?.valId ?? "", bankTranId: charge?.bankTranId ?? "" };
}

describe("validation", () => {
  it("says VALID once and VALIDATED from then on", async () => {
    const { valId, tranId, bankTranId } = await pay();
    const first = await sandbox.validate({ val_id: valId });
    expect(first.body).toMatchObject({
      APIConnect: "DONE",
      status: "VALID",
      tran_id: tranId,
      val_id: valId,
      bank_tran_id: bankTranId,
      store_id: "testbox",
      amount: "600.00",
      store_amount: "585.00",
      risk_level: "0",
    });
    expect(first.body.validated_on).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const later = [await sandbox.validate({ val_id: valId }), await sandbox.validate({ val_id: valId })];
    expect(later.map(({ body }) => body.status)).toEqual(["VALIDATED", "VALIDATED"]);
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({
      element: [{ status: "VALIDATED" }],
    });
  });

  it("does not know a foreign or invented val_id", async () => {
    const { valId } = await pay();
    const invented = await sandbox.validate({ val_id: "nothing" });
    const foreign = await sandbox.validate({ val_id: valId, ...OTHER });
    expect([invented.body.status, foreign.body.status]).toEqual([
      "INVALID_TRANSACTION",
      "INVALID_TRANSACTION",
    ]);
    expect((await sandbox.validate({ val_id: valId })).body.status).toBe("VALID");
  });

  it("checks the credentials", async () => {
    const { valId } = await pay();
    expect((await sandbox.validate({ val_id: valId, ...WRONG })).body).toEqual({ APIConnect: "FAILED" });
  });
});

describe("query", () => {
  it("says PROCESSING while the session is open, by either name", async () => {
    const { tranId, sessionKey } = await sandbox.open();
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({
      APIConnect: "DONE",
      no_of_trans_found: 1,
      element: [{ status: "PROCESSING", tran_id: tranId, val_id: "", amount: "600.00" }],
    });
    const flat = (await sandbox.ask({ sessionkey: sessionKey })).body;
    expect(flat).toMatchObject({ APIConnect: "DONE", status: "PROCESSING", sessionkey: sessionKey });
    expect(flat.element).toBeUndefined();
  });

  it("finds the payment that no callback told of", async () => {
    const { tranId, sessionKey, valId, bankTranId } = await pay();
    const paid = { status: "VALID", val_id: valId, bank_tran_id: bankTranId, bank_gw: "DBBL", error: "" };
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({
      no_of_trans_found: 1,
      element: [paid],
    });
    expect((await sandbox.ask({ sessionkey: sessionKey })).body).toMatchObject(paid);
  });

  it("answers an unknown tran_id with a stub and count 0", async () => {
    const { tranId } = await pay();
    for (const parameters of [{ tran_id: "nothing" }, { tran_id: tranId, ...OTHER }]) {
      const { body } = await sandbox.ask(parameters);
      expect(body).toMatchObject({
        APIConnect: "DONE",
        no_of_trans_found: 0,
        element: [{ status: "INVALID" }],
      });
    }
    const foreign = await sandbox.ask({ sessionkey: "nothing" });
    expect(foreign.body).toMatchObject({ APIConnect: "DONE", status: "INVALID_TRANSACTION" });
  });

  it("checks the credentials and needs something to look for", async () => {
    expect((await sandbox.ask({ tran_id: "x", ...WRONG })).body).toEqual({ APIConnect: "FAILED" });
    expect((await sandbox.ask({})).body).toEqual({ APIConnect: "INVALID_REQUEST" });
  });
});

describe("refund", () => {
  let tries = 0;
  const refund = (bankTranId: string, amount: string, changes: Record<string, string> = {}) => {
    tries += 1;
    return sandbox.ask({
      bank_tran_id: bankTranId,
      refund_trans_id: `rf_${tries}`,
      refund_amount: amount,
      refund_remarks: "Returned",
      ...changes,
    });
  };

  it("is accepted, then processing, then refunded after two seconds", async () => {
    const { bankTranId, tranId } = await pay();
    const { body } = await refund(bankTranId, "100.00");
    expect(body).toMatchObject({
      APIConnect: "DONE",
      status: "success",
      bank_tran_id: bankTranId,
      trans_id: tranId,
    });
    const status = async () => (await sandbox.ask({ refund_ref_id: String(body.refund_ref_id) })).body;
    expect(await status()).toMatchObject({ status: "processing", refunded_on: "", tran_id: tranId });
    await sandbox.admin("POST clock", { advanceMs: 2_000 });
    expect(await status()).toMatchObject({ APIConnect: "DONE", status: "refunded", errorReason: "" });
    expect((await status()).refunded_on).not.toBe("");
    expect((await sandbox.admin(`GET refunds?tranId=${tranId}`)).body.refunds).toMatchObject([
      { amount: "100.00", status: "refunded", bankTranId },
    ]);
  });

  it("never gives back more than was paid", async () => {
    const { bankTranId, tranId } = await pay();
    const answers = [await refund(bankTranId, "400.00"), await refund(bankTranId, "200.01")];
    expect(answers.map(({ body }) => body.status)).toEqual(["success", "failed"]);
    expect(answers[1]?.body.errorReason).toBe("Refund amount exceeds the remaining amount");
    expect((await refund(bankTranId, "200.00")).body.status).toBe("success");
    const { charges } = (await sandbox.admin(`GET charges?tranId=${tranId}`)).body;
    expect(charges).toMatchObject([{ refunded: "600.00" }]);
  });

  it.each(["0", "0.00", "-1", "abc", "1.001"])("refuses the amount %s", async (amount) => {
    const { bankTranId } = await pay();
    expect((await refund(bankTranId, amount)).body).toMatchObject({
      status: "failed",
      errorReason: "Invalid refund_amount",
    });
  });

  it("refuses money that it does not know, or that is another store's", async () => {
    const { bankTranId } = await pay();
    for (const answer of [await refund("nothing", "1.00"), await refund(bankTranId, "1.00", OTHER)]) {
      expect(answer.body).toMatchObject({ status: "failed", errorReason: "Invalid bank_tran_id" });
    }
  });

  it("needs refund_trans_id, and the right credentials", async () => {
    const { bankTranId } = await pay();
    const without = await refund(bankTranId, "1.00", { refund_trans_id: "" });
    expect(without.body).toEqual({ APIConnect: "INVALID_REQUEST" });
    expect((await refund(bankTranId, "1.00", WRONG)).body).toEqual({ APIConnect: "FAILED" });
    expect((await sandbox.ask({ refund_ref_id: "x", ...WRONG })).body).toEqual({ APIConnect: "FAILED" });
    expect((await sandbox.ask({ refund_ref_id: "nothing" })).body.APIConnect).toBe("INVALID_REQUEST");
  });

  it("is what an address with several names is asked for first", async () => {
    const { bankTranId, tranId, sessionKey } = await pay();
    const answer = await refund(bankTranId, "5.00", {
      tran_id: tranId,
      sessionkey: sessionKey,
      refund_ref_id: "x",
    });
    expect(answer.body.status).toBe("success");
    const status = await sandbox.ask({ refund_ref_id: String(answer.body.refund_ref_id), tran_id: tranId });
    expect(status.body.status).toBe("processing");
    const query = await sandbox.ask({ sessionkey: sessionKey, tran_id: tranId });
    expect(query.body.sessionkey).toBe(sessionKey);
  });

  it.each([
    ["reject", "failed", 1],
    ["replay", "success", 1],
    ["execute_again", "success", 2],
  ])("with the policy %s the same refund_trans_id says %s", async (policy, status, executed) => {
    await using other = await startSandbox({ SANDBOX_DUPLICATE_REFUND: policy });
    const { sessionKey } = await other.open();
    await other.act(sessionKey);
    const [charge] = (await other.admin("GET charges")).body.charges as { bankTranId: string }[];
    const same = {
      bank_tran_id: charge?.bankTranId ?? "",
      refund_trans_id: "rf_same",
      refund_amount: "10.00",
      refund_remarks: "Returned",
    };
    await other.ask(same);
    expect((await other.ask(same)).body.status).toBe(status);
    expect((await other.admin("GET refunds")).body.refunds).toHaveLength(executed);
  });
});
