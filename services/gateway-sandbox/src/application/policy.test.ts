import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { listCharges } from "../testing/magic.ts";
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

const EUROS = { total_amount: "100.00", currency: "EUR" };

it("changes the rate for sessions to come, and open ones keep theirs", async () => {
  const before = await sandbox.open(EUROS);
  await sandbox.admin("POST rules", { policy: { rate: "130.5000" } });
  const after = await sandbox.open(EUROS);
  for (const { sessionKey } of [before, after]) await sandbox.act(sessionKey);
  expect(sandbox.merchant.at("/ipn")).toMatchObject([
    { fields: { amount: "10228.84", currency_rate: "102.2884", currency_amount: "100.00" } },
    { fields: { amount: "13050.00", currency_rate: "130.5000", currency_amount: "100.00" } },
  ]);
});

it("does not convert BDT, whatever the rate is", async () => {
  await sandbox.admin("POST rules", { policy: { rate: "130.5000" } });
  const { sessionKey } = await sandbox.open();
  await sandbox.act(sessionKey);
  expect(sandbox.merchant.at("/ipn")).toMatchObject([
    { fields: { amount: "600.00", currency_rate: "1.0000" } },
  ]);
});

it("shortens the lifetime of the sessions that match", async () => {
  await sandbox.admin("POST rules", { match: { amount: "50.00" }, policy: { sessionLifetimeMs: 5_000 } });
  await sandbox.open({ total_amount: "50.00" });
  await sandbox.open();
  await sandbox.admin("POST clock", { advanceMs: 5_000 });
  expect(sandbox.merchant.received).toMatchObject([
    { path: "/ipn", fields: { status: "EXPIRED", amount: "50.00" } },
  ]);
});

it.each([300_000, -300_000])("prints tran_date %i ms off, everywhere", async (tranDateSkewMs) => {
  const plain = await sandbox.open();
  await sandbox.admin("POST rules", { policy: { tranDateSkewMs } });
  const skewed = await sandbox.open();
  const dates = [];
  for (const { sessionKey, tranId } of [plain, skewed]) {
    sandbox.merchant.received.length = 0;
    await sandbox.act(sessionKey);
    const [ipn] = sandbox.merchant.at("/ipn");
    const { element } = (await sandbox.ask({ tran_id: tranId })).body as { element: { tran_date: string }[] };
    expect(element[0]?.tran_date).toBe(ipn?.fields.tran_date);
    dates.push(Date.parse(`${ipn?.fields.tran_date?.replace(" ", "T")}+06:00`));
  }
  const off = (dates[1] ?? 0) - (dates[0] ?? 0) - tranDateSkewMs;
  expect(off).toBeGreaterThanOrEqual(0);
  expect(off).toBeLessThan(5_000);
});

it("lets a tran_id be used again", async () => {
  const twice = { tran_id: "pay_twice-1" };
  await sandbox.open(twice);
  expect((await sandbox.postSession(sandbox.order(twice))).body.status).toBe("FAILED");
  await sandbox.admin("POST rules", { policy: { duplicateTranId: "parallel" } });
  expect((await sandbox.postSession(sandbox.order(twice))).body.status).toBe("SUCCESS");
});

it.each([
  ["replay", 1],
  ["execute_again", 2],
])("lets a refund_trans_id be used again: %s executes %i", async (duplicateRefund, executed) => {
  const { sessionKey, tranId } = await sandbox.open();
  await sandbox.act(sessionKey);
  const [charge] = await listCharges(sandbox, tranId);
  const parameters = {
    bank_tran_id: charge?.bankTranId ?? "",
    refund_trans_id: "rf_1",
    refund_amount: "10.00",
    refund_remarks: "Returned",
  };
  await sandbox.ask(parameters);
  expect((await sandbox.ask(parameters)).body.status).toBe("failed");
  await sandbox.admin("POST rules", { policy: { duplicateRefund } });
  expect((await sandbox.ask(parameters)).body.status).toBe("success");
  expect((await sandbox.admin("GET refunds")).body.refunds).toHaveLength(executed);
});

it("takes an operation down for a window, from its first call on", async () => {
  await sandbox.admin("POST rules", { skip: 1, forMs: 10_000, reply: { query: { cut: "before" } } });
  const ask = async () => (await sandbox.ask({ tran_id: "x" }).catch(() => null)) !== null;
  expect([await ask(), await ask(), await ask()]).toEqual([true, false, false]);
  await sandbox.admin("POST clock", { advanceMs: 10_000 });
  expect(await ask()).toBe(true);
});
