import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PaymentGateway } from "../../application/payment-gateway.ts";
import {
  chargeOf,
  type Reply,
  type ScriptedServer,
  scriptedAccount,
  startScriptedServer,
} from "../../testing/scripted-server.ts";
import { sslcommerzGateway } from "./sslcommerz-gateway.ts";
import { sslcommerzGateways } from "./sslcommerz-gateways.ts";

const ATTEMPT = { merchantRef: "pay_x-1", sessionKey: null };
const signal = (): AbortSignal => new AbortController().signal;
const unknown = (cause: string, sent = true) => ({ outcome: "unknown", cause, sent });
const query = (...element: readonly unknown[]) => ({
  APIConnect: "DONE",
  no_of_trans_found: element.length,
  element,
});
const html: Reply = (response) => void response.end("<html>");
const broken: Reply = (response) => void response.writeHead(500).end();
const silent: Reply = () => {};
const DENIED = { APIConnect: "DONE", status: "INVALID_TRANSACTION" };

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

describe("confirming a claim", () => {
  const confirm = (valId = "val1") => gateway.confirm(ATTEMPT, valId, signal());

  it.each(["VALID", "VALIDATED", "valid "])("reads %s as paid, with one call", async (status) => {
    server.script("validate", { APIConnect: "DONE", ...chargeOf({ status }) });
    const { value, operations } = await watch(() => confirm());
    expect(value).toMatchObject({ outcome: "paid", payments: [{ gatewayRef: "val1", validated: true }] });
    expect(operations).toEqual(["validate"]);
  });

  it.each([
    ["INVALID_TRANSACTION", DENIED],
    ["a page", html],
    ["a server error", broken],
  ] as [string, Reply][])("asks the query after %s, and validates what that finds", async (_, denial) => {
    server.script("validate", denial, denial, { APIConnect: "DONE", ...chargeOf({ val_id: "val2" }) });
    server.script("query", query(chargeOf({ val_id: "val2" })));
    if (denial !== broken) server.script("validate", denial, chargeOf({ val_id: "val2" }));
    const { value } = await watch(() => confirm());
    expect(value).toMatchObject({ outcome: "paid", payments: [{ gatewayRef: "val2", validated: true }] });
  });

  it("reports a charge that the query knows and the validation denies as not validated", async () => {
    server.script("validate", DENIED);
    server.script("query", query(chargeOf()));
    const { value, operations } = await watch(() => confirm());
    expect(value).toMatchObject({ outcome: "paid", payments: [{ gatewayRef: "val1", validated: false }] });
    expect(operations).toEqual(["validate", "query", "validate"]);
  });

  it.each([
    ["FAILED", { outcome: "failed", reason: "FAILED" }],
    ["PROCESSING", { outcome: "pending", phase: "open" }],
  ])("takes the query's %s when the validation denies", async (status, verdict) => {
    server.script("validate", DENIED);
    server.script("query", query({ status }));
    expect(await confirm()).toEqual(verdict);
  });

  it.each([
    ["APIConnect FAILED", { ...chargeOf(), APIConnect: "FAILED" }, "refused_at_door"],
    ["an unlisted word", chargeOf({ status: "FAILED" }), "unlisted_status"],
    ["no word", {}, "contradiction"],
    ["another val_id", chargeOf({ val_id: "val9" }), "contradiction"],
    ["three decimals", chargeOf({ amount: "600.001" }), "contradiction"],
    ["silence", silent, "timeout"],
  ] as [string, Reply, string][])("stays unknown, without the query, after %s", async (_, reply, cause) => {
    server.script("validate", reply);
    const { value, operations } = await watch(() => confirm());
    expect(value).toEqual(unknown(cause));
    expect(operations).toEqual(["validate"]);
  });

  it("reports another payment's reference as it is, for the judge to see", async () => {
    server.script("validate", chargeOf({ tran_id: "pay_y-1", store_id: "other" }));
    expect(await confirm()).toMatchObject({ payments: [{ merchantRef: "pay_y-1", accountRef: "other" }] });
  });

  it("does not send a val_id that cannot be one", async () => {
    server.script("query", query({ status: "PROCESSING" }));
    for (const junk of ["", "x".repeat(51), "a b", "é"]) {
      expect((await watch(() => confirm(junk))).operations).toEqual(["query"]);
    }
  });
});

describe("an inquiry", () => {
  const inquire = () => gateway.inquire(ATTEMPT, signal());

  it("validates every charge it finds", async () => {
    server.script("query", query(chargeOf(), { status: "FAILED" }, chargeOf({ val_id: "val2" })));
    server.script("validate", chargeOf(), DENIED);
    const { value, operations } = await watch(inquire);
    const payments = [
      { gatewayRef: "val1", validated: true },
      { gatewayRef: "val2", validated: false },
    ];
    expect(value).toMatchObject({ outcome: "paid", payments });
    expect(operations).toEqual(["query", "validate", "validate"]);
  });

  it("decides nothing while the validation gives no answer, unless another charge is certain", async () => {
    server.script("query", query(chargeOf()));
    server.script("validate", silent);
    expect(await inquire()).toEqual(unknown("timeout"));
    server.script("query", query(chargeOf(), chargeOf({ val_id: "val2" })));
    server.script("validate", silent, chargeOf({ val_id: "val2" }));
    expect(await inquire()).toMatchObject({ payments: [{ validated: false }, { validated: true }] });
  });
});

describe("the store password", () => {
  /** Quotes the request in every text, as a careless server would. */
  const quote =
    (changes: Readonly<Record<string, unknown>>): Reply =>
    (response, { params }) => {
      const text = `bad request ?${params} ${decodeURIComponent(params.get("store_passwd") ?? "")}`;
      const texts = { failedreason: text, errorReason: text, error: text };
      const element = [{ status: "FAILED", ...texts }];
      response.end(
        JSON.stringify({ APIConnect: "DONE", no_of_trans_found: 1, element, ...texts, ...changes }),
      );
    };

  it("is in no outcome, whatever the gateway quotes", async () => {
    for (const operation of ["session", "refund"] as const)
      server.script(operation, quote({ status: "FAILED" }));
    server.script("refund_status", quote({ status: "CANCELLED" }));
    server.script("validate", quote(DENIED));
    server.script("query", quote({}));
    const amount = { amountMinor: 20_05n, currency: "BDT" };
    const url = "https://pay.example";
    const outcomes = [
      await gateway.openSession(
        {
          merchantRef: "pay_x-1",
          amount,
          productName: "x",
          customer: { name: null, email: null, phone: null },
          returnUrls: { success: url, fail: url, cancel: url },
          notificationUrl: url,
          paymentReference: "pay_x",
          attemptNo: 1,
        },
        signal(),
      ),
      await gateway.confirm(ATTEMPT, "val1", signal()),
      await gateway.refund(
        { merchantRefundRef: "rf-1", gatewayTxnId: "bank1", amount, reason: "", refundId: 1 },
        signal(),
      ),
      await gateway.inquireRefund({ merchantRefundRef: "rf-1", gatewayRefundId: "ref1" }, signal()),
    ];
    expect(outcomes.map((one) => one.outcome)).toEqual(["rejected", "failed", "rejected", "rejected"]);
    expect(JSON.stringify(outcomes)).toContain("[redacted]");
    expect(JSON.stringify(outcomes)).not.toContain("canary");
  });
});

describe("the gateways of the accounts", () => {
  it("are chosen by mode and found by account", async () => {
    await using gateways = sslcommerzGateways({ accounts: [scriptedAccount(server.url)] });
    expect(gateways.choose(1, "TEST")).toBe("sslcommerz-test");
    expect(gateways.of("sslcommerz-test").redirectOrigins).toEqual([server.url]);
    expect(gateways.of("sslcommerz-test").accountRef).toBe("testbox");
    const refused = expect.objectContaining({ reason: "GATEWAY_UNAVAILABLE" });
    expect(() => gateways.choose(1, "LIVE")).toThrow(refused);
    expect(() => gateways.of("sslcommerz-live")).toThrow(refused);
  });

  it("let sweeps have at most half of the account's calls", async () => {
    const frozen = { now: () => 0, sleep: async () => true };
    const account = scriptedAccount(server.url, { callsPerSecond: 10 });
    await using gateways = sslcommerzGateways({ accounts: [account], clock: frozen });
    server.script("query", query({ status: "PROCESSING" }));
    const ask = (use: "sweep" | "customer") => gateways.of(account.id, use).inquire(ATTEMPT, signal());
    const swept = await Promise.all(Array.from({ length: 20 }, () => ask("sweep")));
    expect(swept.filter((one) => one.outcome === "pending")).toHaveLength(10);
    expect(await ask("customer")).toEqual({ outcome: "pending", phase: "open" });
  });

  it("are healthy when the gateway lets us in, and say why when not", async () => {
    server.script("query", query());
    expect(await gateway.probe(signal())).toEqual({ healthy: true, note: "APIConnect DONE" });
    server.script("query", { APIConnect: "FAILED" });
    expect(await gateway.probe(signal())).toEqual({ healthy: false, note: "refused_at_door" });
  });
});
