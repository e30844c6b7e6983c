import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readScenarioFiles } from "../adapters/node/scenario-files.ts";
import { listCharges, nextPayment } from "../testing/magic.ts";
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

/** What each scenario does to one payment of 600.00: callbacks in any order, and charges. */
const STORIES: Readonly<Record<string, readonly [calls: readonly string[], charges: number]>> = {
  happy: [["/ipn VALID", "/success VALID"], 1],
  declined: [["/fail FAILED", "/ipn FAILED"], 0],
  cancelled: [["/cancel CANCELLED", "/ipn CANCELLED"], 0],
  "left-open": [["/ipn UNATTEMPTED"], 0],
  "duplicate-ipn": [[...Array.from({ length: 20 }, () => "/ipn VALID"), "/success VALID"], 1],
  "ipn-before-redirect": [["/ipn VALID", "/success VALID"], 1],
  "no-callback-at-all": [[], 1],
  "late-ipn": [["/ipn VALID"], 1],
  "paid-after-expiry": [["/ipn EXPIRED", "/ipn VALID"], 1],
  "double-charge": [["/ipn VALID", "/ipn VALID", "/success VALID"], 2],
  "tampered-amount": [["/ipn VALID", "/success VALID"], 1],
  "forged-cancel": [["/ipn CANCELLED", "/ipn VALID", "/success VALID"], 1],
  "bad-signature": [["/ipn VALID", "/success VALID"], 1],
  "validation-down": [["/ipn VALID", "/success VALID"], 1],
  "risk-hold": [["/ipn VALID", "/success VALID"], 1],
  "refund-delayed": [["/ipn VALID", "/success VALID"], 1],
  "refund-refused": [["/ipn VALID", "/success VALID"], 1],
  "refund-cut-off": [["/ipn VALID", "/success VALID"], 1],
  "slow-gateway": [["/ipn VALID", "/success VALID"], 1],
};

/** Loads, pays, and lets two hours pass. */
async function play(name: string) {
  expect((await sandbox.admin(`POST scenarios/${name}`)).status).toBe(201);
  const { tranId } = await sandbox.open({ value_a: nextPayment() });
  await sandbox.admin("POST clock", { advanceMs: 7_200_000 });
  await sandbox.merchant.until(STORIES[name]?.[0].length ?? 0);
  const charges = await listCharges(sandbox, tranId);
  return { tranId, charges, bankTranId: charges[0]?.bankTranId ?? "", valId: charges[0]?.valId ?? "" };
}

const refund = (bankTranId: string) =>
  sandbox.ask({
    bank_tran_id: bankTranId,
    refund_trans_id: "rf_1",
    refund_amount: "600.00",
    refund_remarks: "Returned",
  });

describe("the shipped files", () => {
  it("are the named ones, each with an end", () => {
    const files = readScenarioFiles();
    expect([...files.keys()]).toEqual(Object.keys(STORIES).sort());
    for (const { about, rules, expected } of files.values()) {
      expect([about, expected?.payment, expected?.note]).not.toContain("");
      expect(rules?.length).toBeGreaterThan(0);
      expect(expected?.webhooks?.length).toBeGreaterThan(0);
    }
  });

  it.each(Object.entries(STORIES).filter(([name]) => name !== "slow-gateway"))(
    "%s tells its story",
    async (name, [calls, charges]) => {
      const { charges: taken } = await play(name);
      const told = sandbox.merchant.received.map(({ path, fields }) => `${path} ${fields.status}`);
      expect(told.sort()).toEqual(calls);
      expect(taken).toHaveLength(charges);
      expect(readScenarioFiles().get(name)?.expected?.charges).toBe(charges);
    },
  );

  it("validation-down is down for a minute from the first call on", async () => {
    const { valId } = await play("validation-down");
    const { host, port } = sandbox.app.address;
    const url = `http://${host}:${port}/validator/api/validationserverAPI.php?val_id=${valId}&store_id=testbox&store_passwd=qwerty`;
    expect((await fetch(url)).status).toBe(500);
    await sandbox.admin("POST clock", { advanceMs: 60_000 });
    expect((await fetch(url)).status).toBe(200);
  });

  it("tampered-amount and bad-signature show in the notification", async () => {
    await play("tampered-amount");
    await play("bad-signature");
    const [tampered, forged] = sandbox.merchant.at("/ipn").map(({ fields }) => fields);
    expect(tampered?.amount).toBe("1.00");
    expect(verifyAsMerchant(tampered ?? {}, "qwerty").sha256).toBe(true);
    expect(verifyAsMerchant(forged ?? {}, "qwerty").sha256).toBe(false);
  });

  it("refund-delayed, -refused and -cut-off meet the refund", async () => {
    const delayed = await play("refund-delayed");
    const { refund_ref_id } = (await refund(delayed.bankTranId)).body;
    const status = async () => (await sandbox.ask({ refund_ref_id: String(refund_ref_id) })).body.status;
    await sandbox.admin("POST clock", { advanceMs: 299_000 });
    expect(await status()).toBe("processing");
    await sandbox.admin("POST clock", { advanceMs: 1_000 });
    expect(await status()).toBe("refunded");
    expect((await refund((await play("refund-refused")).bankTranId)).body.status).toBe("failed");
    await sandbox.admin("POST reset");
    await expect(refund((await play("refund-cut-off")).bankTranId)).rejects.toThrow();
    expect((await sandbox.admin("GET refunds")).body.refunds).toHaveLength(1);
  });
});

describe("slow-gateway", () => {
  it("takes two seconds for every operation", () => {
    const rules = readScenarioFiles().get("slow-gateway")?.rules ?? [];
    const delays = rules.flatMap(({ reply }) => Object.values(reply ?? {}).map(({ delayMs }) => delayMs));
    expect(delays).toEqual([2_000, 2_000, 2_000, 2_000, 2_000]);
  });
});

describe("loading", () => {
  it("replaces what was loaded before, and several are joined", async () => {
    await sandbox.admin("POST scenarios/declined");
    const { body } = await sandbox.admin("POST scenarios/risk-hold,late-ipn");
    expect(body.rules).toMatchObject([
      { name: "risk-hold", origin: "scenario" },
      { name: "late-ipn", origin: "scenario" },
    ]);
    await sandbox.admin("DELETE scenarios");
    expect((await sandbox.admin("GET rules")).body.rules).toEqual([]);
  });

  it("knows no other name, and changes nothing then", async () => {
    await sandbox.admin("POST scenarios/declined");
    for (const name of ["nothing", "declined,nothing", "", "../package"]) {
      expect((await sandbox.admin(`POST scenarios/${name}`)).status).toBe(404);
    }
    expect((await sandbox.admin("GET rules")).body.rules).toMatchObject([{ name: "declined" }]);
  });

  it("lists what there is", async () => {
    const { scenarios } = (await sandbox.admin("GET scenarios")).body;
    expect((scenarios as { name: string }[]).map(({ name }) => name)).toEqual(Object.keys(STORIES).sort());
  });

  it("stands between admin rules and magic amounts", async () => {
    await sandbox.admin("POST scenarios/declined");
    const statusOf = async (total_amount: string) => {
      const { tranId } = await sandbox.open({ total_amount, value_a: nextPayment() });
      await sandbox.admin("POST clock", { advanceMs: 1_000 });
      return (await sandbox.ask({ tran_id: tranId })).body;
    };
    expect(await statusOf("4040.03")).toMatchObject({ element: [{ status: "FAILED" }] });
    await sandbox.admin("POST rules", { customer: { outcome: "leave" } });
    expect(await statusOf("4040.03")).toMatchObject({ element: [{ status: "UNATTEMPTED" }] });
  });

  it("comes with the configuration, and again after a reset", async () => {
    await using other = await startSandbox({ SANDBOX_SCENARIO: "declined, late-ipn" });
    const names = async () => (await other.admin("GET rules")).body.rules;
    const both = [{ name: "declined" }, { name: "late-ipn" }];
    expect(await names()).toMatchObject(both);
    await other.admin("POST scenarios/happy");
    await other.admin("POST reset");
    expect(await names()).toMatchObject(both);
  });

  it("does not start with a name that does not exist", async () => {
    await expect(startSandbox({ SANDBOX_SCENARIO: "hapy" })).rejects.toThrow("There is no scenario hapy.");
  });

  it("tells the same story with the same seed", async () => {
    const tell = async () => {
      await sandbox.admin("POST reset");
      await sandbox.admin("POST scenarios/double-charge");
      await sandbox.open({ tran_id: "pay_same-1", value_a: "pay_same" });
      await sandbox.admin("POST clock", { advanceMs: 60_000 });
      const charges = await listCharges(sandbox, "pay_same-1");
      // The time leads a reference; what is drawn follows it.
      return charges.map(({ valId, bankTranId }) => [valId.slice(-15), bankTranId.slice(-15)]);
    };
    expect(await tell()).toEqual(await tell());
  });
});
