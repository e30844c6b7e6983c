import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { listCalls, listCharges, openMagic } from "../testing/magic.ts";
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

const PAID = ["/ipn VALID", "/success VALID"];

it.each([
  ["4040.00", PAID, ["VALID"], 1],
  ["4040.01", PAID, ["VALID"], 1],
  ["4040.02", ["/ipn FAILED", "/fail FAILED"], ["FAILED"], 0],
  ["4040.03", ["/ipn CANCELLED", "/cancel CANCELLED"], ["CANCELLED"], 0],
  ["4040.04", ["/ipn UNATTEMPTED"], ["UNATTEMPTED"], 0],
  ["4040.05", ["/ipn EXPIRED"], ["EXPIRED"], 0],
  ["4040.06", ["/success PENDING", "/ipn VALID"], ["VALID"], 1],
  ["4040.07", ["/ipn FAILED", ...PAID], ["FAILED", "VALID"], 1],
  ["4040.08", [...PAID, "/ipn VALID"], ["VALID", "VALID"], 2],
  ["4040.13", ["/ipn EXPIRED", "/ipn VALID"], ["VALID"], 1],
  ["4040.14", ["/ipn CANCELLED", "/cancel CANCELLED", "/ipn VALID"], ["CANCELLED", "VALID"], 1],
  ["4040.15", ["/ipn FAILED", "/fail FAILED", "/ipn VALID"], ["FAILED", "VALID"], 1],
])("%s plays by itself: %j", async (amount, calls, statuses, charges) => {
  const { tranId } = await openMagic(sandbox, amount);
  await sandbox.admin("POST clock", { advanceMs: 3_600_000 });
  await sandbox.merchant.until(calls.length);
  expect([...listCalls(sandbox)].sort()).toEqual([...calls].sort());
  const { body } = await sandbox.ask({ tran_id: tranId });
  expect((body.element as { status: string }[]).map(({ status }) => status)).toEqual(statuses);
  expect(await listCharges(sandbox, tranId)).toHaveLength(charges);
});

it.each([
  ["4040.09", "BKASH"],
  ["4040.10", "NAGAD"],
  ["4040.11", "ROCKET"],
  ["4040.12", "INTERNETBANK"],
])("%s is paid by %s", async (amount, channel) => {
  const { tranId } = await openMagic(sandbox, amount);
  await sandbox.merchant.until(2);
  expect(await listCharges(sandbox, tranId)).toMatchObject([{ channel }]);
});

it("marks the risk of 4040.01 everywhere", async () => {
  await openMagic(sandbox, "4040.01");
  await sandbox.merchant.until(2);
  const [{ fields } = { fields: {} as Record<string, string> }] = sandbox.merchant.at("/ipn");
  expect(fields.risk_level).toBe("1");
  expect((await sandbox.validate({ val_id: fields.val_id ?? "" })).body.risk_level).toBe("1");
});

it("charges 4040.08 under two references", async () => {
  const { tranId } = await openMagic(sandbox, "4040.08");
  await sandbox.admin("POST clock", { advanceMs: 1_000 });
  await sandbox.merchant.until(3);
  const charges = await listCharges(sandbox, tranId);
  expect(new Set(charges.flatMap(({ valId, bankTranId }) => [valId, bankTranId])).size).toBe(4);
});

it("brings late money exactly when it is due, also when a person acts", async () => {
  const { sessionKey, tranId } = await sandbox.open();
  await sandbox.act(sessionKey, { outcome: "cancel", lateMs: 60_000, waitMs: 50 });
  await sandbox.admin("POST clock", { advanceMs: 59_000 });
  expect(await listCharges(sandbox, tranId)).toEqual([]);
  await sandbox.admin("POST clock", { advanceMs: 1_000 });
  expect(await listCharges(sandbox, tranId)).toHaveLength(1);
});

it("is plain in any other currency, and one poisha beside", async () => {
  const others = [
    await sandbox.open({ total_amount: "4040.02", currency: "USD" }),
    await sandbox.open({ total_amount: "4040.16" }),
  ];
  await sandbox.admin("POST clock", { advanceMs: 60_000 });
  expect(sandbox.merchant.received).toEqual([]);
  for (const { tranId } of others) {
    expect((await sandbox.ask({ tran_id: tranId })).body).toMatchObject({
      element: [{ status: "PROCESSING" }],
    });
  }
});
