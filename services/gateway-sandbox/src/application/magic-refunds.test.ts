import { afterAll, beforeAll, expect, it } from "vitest";
import { listCharges } from "../testing/magic.ts";
import { type SandboxUnderTest, startSandbox } from "../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
let bankTranId = "";
beforeAll(async () => {
  sandbox = await startSandbox();
  const { sessionKey, tranId } = await sandbox.open();
  await sandbox.act(sessionKey);
  bankTranId = (await listCharges(sandbox, tranId))[0]?.bankTranId ?? "";
});
afterAll(() => sandbox[Symbol.asyncDispose]());

type Answered = { readonly status: number; readonly body: Record<string, unknown> };

let tries = 0;

/** Asks for a refund; what is not JSON has no body. */
async function refund(amount: string): Promise<Answered | "cut"> {
  tries += 1;
  const { host, port } = sandbox.app.address;
  const query = new URLSearchParams({
    store_id: "testbox",
    store_passwd: "qwerty",
    bank_tran_id: bankTranId,
    refund_trans_id: `rf_${tries}`,
    refund_amount: amount,
    refund_remarks: "Returned",
  });
  const url = `http://${host}:${port}/validator/api/merchantTransIDvalidationAPI.php?${query}`;
  const answer = await fetch(url).catch(() => null);
  if (answer === null) return "cut";
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
}

const listRefunds = async () =>
  (
    (await sandbox.admin("GET refunds")).body.refunds as {
      refundTransId: string;
      refundRefId: string;
      status: string;
    }[]
  ).filter(({ refundTransId }) => refundTransId === `rf_${tries}`);
const askStatus = async (reference: unknown) => sandbox.ask({ refund_ref_id: String(reference) });
const advance = (advanceMs: number) => sandbox.admin("POST clock", { advanceMs });

it.each([
  ["20.00", "refunded", ""],
  ["20.02", "cancelled", "Cancelled by the bank"],
  ["20.03", "processing", ""],
])("%s is accepted and ends as %s, in the books too", async (amount, end, errorReason) => {
  const answer = await refund(amount);
  expect(answer).toMatchObject({ status: 200, body: { APIConnect: "DONE", status: "success" } });
  const reference = answer === "cut" ? "" : answer.body.refund_ref_id;
  expect((await askStatus(reference)).body).toMatchObject({ status: "processing" });
  await advance(86_400_000);
  expect((await askStatus(reference)).body).toMatchObject({ status: end, errorReason });
  expect(await listRefunds()).toMatchObject([{ status: end }]);
});

it.each([
  ["20.01", { status: 200, body: { APIConnect: "DONE", status: "failed", refund_ref_id: "" } }, 0],
  ["20.04", "cut", 1],
  ["20.05", "cut", 0],
  ["20.06", { status: 500, body: {} }, 1],
  ["20.07", { status: 200, body: {} }, 1],
  ["20.08", { status: 200, body: { APIConnect: "INVALID_REQUEST", refund_ref_id: "" } }, 0],
])("%s is answered %j, and so many are executed: %i", async (amount, answer, executed) => {
  const answered = await refund(amount);
  if (answer === "cut") expect(answered).toBe("cut");
  else expect(answered).toMatchObject(answer as object);
  expect(await listRefunds()).toHaveLength(executed);
});

it("20.01 has a reason", async () => {
  const answer = await refund("20.01");
  expect(answer === "cut" ? "" : answer.body.errorReason).not.toBe("");
});

it("20.09 is executed, and its status does not know it", async () => {
  const answer = await refund("20.09");
  const reference = answer === "cut" ? "" : answer.body.refund_ref_id;
  expect(await listRefunds()).toMatchObject([{ refundRefId: reference }]);
  expect((await askStatus(reference)).body).toMatchObject({ APIConnect: "INVALID_REQUEST" });
});

it("20.10 has a status that is down for a minute", async () => {
  const answer = await refund("20.10");
  const reference = answer === "cut" ? "" : String(answer.body.refund_ref_id);
  const { host, port } = sandbox.app.address;
  const url = `http://${host}:${port}/validator/api/merchantTransIDvalidationAPI.php?refund_ref_id=${reference}&store_id=testbox&store_passwd=qwerty`;
  const status = async () => (await fetch(url)).status;
  expect(await status()).toBe(500);
  await advance(59_000);
  expect(await status()).toBe(500);
  await advance(1_000);
  expect((await askStatus(reference)).body).toMatchObject({ status: "refunded" });
});

it("gives the room of a cancelled refund to the next one", async () => {
  const { sessionKey, tranId } = await sandbox.open({ total_amount: "30.00" });
  await sandbox.act(sessionKey);
  bankTranId = (await listCharges(sandbox, tranId))[0]?.bankTranId ?? "";
  const word = async () => {
    const answer = await refund("20.02");
    return answer === "cut" ? "cut" : answer.body.status;
  };
  expect([await word(), await word()]).toEqual(["success", "failed"]);
  await advance(2_000);
  expect(await word()).toBe("success");
});
