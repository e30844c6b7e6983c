import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PaymentGateway } from "../../application/payment-gateway.ts";
import type { RefundOrder } from "../../domain/gateway.ts";
import {
  type Reply,
  type ScriptedServer,
  scriptedAccount,
  startScriptedServer,
} from "../../testing/scripted-server.ts";
import { sslcommerzGateway } from "./sslcommerz-gateway.ts";

const signal = (): AbortSignal => new AbortController().signal;
const unknown = (cause: string, sent = true) => ({ outcome: "unknown", cause, sent });
const html: Reply = (response) => void response.end("<html>");
const broken: Reply = (response) => void response.writeHead(500).end();
const silent: Reply = () => {};

let server: ScriptedServer;
let gateway: PaymentGateway & AsyncDisposable;
const clock = { now: () => Date.now(), sleep: async () => true };

beforeAll(async () => {
  server = await startScriptedServer();
  gateway = sslcommerzGateway(scriptedAccount(server.url), { clock });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** The operations that a piece of work asked for, in order. */
async function watch<T>(work: () => Promise<T>): Promise<{ value: T; operations: readonly string[] }> {
  const before = server.received.length;
  const value = await work();
  return { value, operations: server.received.slice(before).map((one) => one.operation) };
}

describe("a refund", () => {
  const ORDER: RefundOrder = {
    merchantRefundRef: "rf_2yN7dTgZ3hUqkWm9vR4xB1-1",
    gatewayTxnId: "bank1",
    amount: { amountMinor: 20_05n, currency: "BDT" },
    reason: " ",
    refundId: 7,
  };
  const DONE = { APIConnect: "DONE", bank_tran_id: "bank1", refund_ref_id: "ref1" };
  async function refund(reply: Reply, order = ORDER) {
    server.script("refund", reply);
    return gateway.refund(order, signal());
  }
  async function status(reply: Reply) {
    server.script("refund_status", reply);
    return gateway.inquireRefund({ merchantRefundRef: "rf-1", gatewayRefundId: "ref1" }, signal());
  }

  it("is asked for with our own reference", async () => {
    await refund({ ...DONE, status: "success" });
    expect(Object.fromEntries(server.received.at(-1)?.params ?? [])).toMatchObject({
      bank_tran_id: "bank1",
      refund_trans_id: ORDER.merchantRefundRef,
      refund_amount: "20.05",
      refund_remarks: `Refund ${ORDER.merchantRefundRef}`,
      refe_id: "7",
      v: "1",
      format: "json",
    });
  });

  it.each(["success", "processing"])("answered with %s is queued, not succeeded", async (word) => {
    expect(await refund({ ...DONE, status: word })).toEqual({ outcome: "accepted", gatewayRefundId: "ref1" });
  });

  it("answered with failed is a definite no", async () => {
    const rejected = await refund({ ...DONE, status: "failed", errorReason: "Insufficient balance" });
    expect(rejected).toEqual({ outcome: "rejected", reason: "Insufficient balance" });
  });

  it.each([
    ["no reference", { ...DONE, refund_ref_id: "", status: "success" }, "contradiction"],
    ["another transaction", { ...DONE, bank_tran_id: "bank2", status: "success" }, "contradiction"],
    ["an unlisted word", { ...DONE, status: "maybe" }, "unlisted_status"],
    ["no word", DONE, "contradiction"],
    ["a refusal at the door", { APIConnect: "INVALID_REQUEST", status: "failed" }, "refused_at_door"],
    ["a server error", broken, "http_status"],
    ["a page", html, "not_json"],
    ["silence", silent, "timeout"],
    ["a cut", (response) => void response.destroy(), "connection"],
  ] as [string, Reply, string][])(
    "answered with %s is unknown and never repeated",
    async (_, reply, cause) => {
      const { value, operations } = await watch(() => refund(reply));
      expect(value).toEqual(unknown(cause));
      expect(operations).toEqual(["refund"]);
    },
  );

  it("refused at the door is a definite no only when the account says so", async () => {
    await using decided = sslcommerzGateway(scriptedAccount(server.url, { refusedRefundIsFinal: true }));
    server.script("refund", { APIConnect: "INVALID_REQUEST", errorReason: "Unknown IP" });
    expect(await decided.refund(ORDER, signal())).toEqual({ outcome: "rejected", reason: "Unknown IP" });
    server.script("refund", { APIConnect: "FAILED", refund_ref_id: "ref1" });
    expect(await decided.refund(ORDER, signal())).toEqual(unknown("refused_at_door"));
  });

  it.each([
    { amount: { amountMinor: 100n, currency: "USD" } },
    { amount: { amountMinor: 0n, currency: "BDT" } },
    { amount: { amountMinor: -1n, currency: "BDT" } },
    { merchantRefundRef: "x".repeat(31) },
    { gatewayTxnId: "" },
  ])("that cannot be asked for is rejected before any call: %o", async (changes) => {
    const { value, operations } = await watch(() =>
      refund({ ...DONE, status: "success" }, { ...ORDER, ...changes }),
    );
    expect(value).toMatchObject({ outcome: "rejected" });
    expect(operations).toEqual([]);
  });

  it("has a connection of its own", async () => {
    await refund({ ...DONE, status: "success" });
    expect(server.received.at(-1)).toMatchObject({ operation: "refund", keepAlive: false });
    await status({ ...DONE, status: "processing" });
    expect(server.received.at(-1)).toMatchObject({ operation: "refund_status", keepAlive: true });
  });

  it("has a status that alone says whether the money is back", async () => {
    expect(await status({ ...DONE, status: "refunded" })).toEqual({
      outcome: "succeeded",
      gatewayRefundId: "ref1",
    });
    expect(await status({ ...DONE, status: "processing" })).toEqual({
      outcome: "accepted",
      gatewayRefundId: "ref1",
    });
    expect(await status({ ...DONE, status: "cancelled", errorReason: "No" })).toEqual({
      outcome: "rejected",
      reason: "No",
    });
    expect(await status({ ...DONE, status: "success" })).toEqual(unknown("unlisted_status"));
    expect(await status({ ...DONE, refund_ref_id: "ref2", status: "refunded" })).toEqual(
      unknown("contradiction"),
    );
    expect(await status({ APIConnect: "FAILED" })).toEqual(unknown("refused_at_door"));
  });

  it("cannot be inquired without the gateway's reference", async () => {
    const ref = { merchantRefundRef: "rf-1", gatewayRefundId: null };
    expect(await gateway.inquireRefund(ref, signal())).toEqual(unknown("contradiction", false));
  });
});
