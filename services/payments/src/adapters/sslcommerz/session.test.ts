import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PaymentGateway } from "../../application/payment-gateway.ts";
import type { SessionOrder } from "../../domain/gateway.ts";
import {
  CANARY_PASSWORD,
  type Reply,
  type ScriptedServer,
  scriptedAccount,
  startScriptedServer,
} from "../../testing/scripted-server.ts";
import { sslcommerzGateway } from "./sslcommerz-gateway.ts";

const ORDER: SessionOrder = {
  merchantRef: "pay_2yN7dTgZ3hUqkWm9vR4xB1-1",
  amount: { amountMinor: 600_05n, currency: "BDT" },
  productName: "Pro\u0000 plan\n",
  customer: { name: null, email: null, phone: "০১৭১২-৩৪৫৬৭৮" },
  returnUrls: {
    success: "https://pay.example/s",
    fail: "https://pay.example/f",
    cancel: "https://pay.example/c",
  },
  notificationUrl: "https://pay.example/ipn",
  paymentReference: "pay_2yN7dTgZ3hUqkWm9vR4xB1",
  attemptNo: 1,
};

let server: ScriptedServer;
let gateway: PaymentGateway & AsyncDisposable;

beforeAll(async () => {
  server = await startScriptedServer();
  gateway = sslcommerzGateway(scriptedAccount(server.url));
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function open(reply: Reply, changes: Partial<SessionOrder> = {}) {
  server.script("session", reply);
  return gateway.openSession({ ...ORDER, ...changes }, new AbortController().signal);
}

const success = (page: unknown) => ({ status: "success", sessionkey: "A".repeat(32), GatewayPageURL: page });
const sent = (name: string) => server.received.at(-1)?.params.get(name);

describe("a session request", () => {
  it("carries every mandatory field, credentials in the body", async () => {
    await open(success(`${server.url}/gw`));
    expect(Object.fromEntries(server.received.at(-1)?.params ?? [])).toEqual({
      store_id: "testbox",
      store_passwd: CANARY_PASSWORD,
      format: "json",
      total_amount: "600.05",
      currency: "BDT",
      tran_id: ORDER.merchantRef,
      success_url: "https://pay.example/s",
      fail_url: "https://pay.example/f",
      cancel_url: "https://pay.example/c",
      ipn_url: "https://pay.example/ipn",
      product_name: "Pro  plan",
      product_category: "general",
      product_profile: "general",
      cus_name: "Customer",
      cus_email: "customer@example.com",
      cus_phone: "01712-345678",
      cus_add1: "Not provided",
      cus_city: "Dhaka",
      cus_country: "Bangladesh",
      cus_postcode: "1000",
      shipping_method: "NO",
      num_of_item: "1",
      value_a: ORDER.paymentReference,
      value_b: "1",
      value_c: "",
      value_d: "",
    });
    expect(server.received.at(-1)?.method).toBe("POST");
  });

  it("cuts names by code points and replaces a long e-mail address instead of cutting it", async () => {
    const email = `${"a".repeat(50)}@example.com`;
    await open(success(""), {
      customer: { name: "😀".repeat(60), email, phone: null },
      productName: "প".repeat(300),
    });
    expect(sent("cus_name")).toBe("😀".repeat(50));
    expect(sent("cus_email")).toBe("customer@example.com");
    expect(sent("product_name")).toHaveLength(255);
  });

  it.each([
    ["below the least amount", { amount: { amountMinor: 9_99n, currency: "BDT" } }],
    ["above the largest amount", { amount: { amountMinor: 500_000_01n, currency: "BDT" } }],
    ["in a currency without two decimals", { amount: { amountMinor: 1_000n, currency: "JPY" } }],
    ["in a currency that is not taken", { amount: { amountMinor: 1_000n, currency: "constructor" } }],
    ["with a reference that would be truncated", { merchantRef: "x".repeat(31) }],
    ["with a URL over 255 characters", { notificationUrl: `https://pay.example/${"x".repeat(255)}` }],
  ])("%s is rejected before any call", async (_, changes) => {
    const before = server.received.length;
    expect(await open(success(`${server.url}/gw`), changes)).toMatchObject({ outcome: "rejected" });
    expect(server.received.length).toBe(before);
  });
});

describe("a session answer", () => {
  it("opens with an opaque page at an allowed origin", async () => {
    const page = `${server.url}/EasyCheckOut/testcde1?a=b#c`;
    expect(await open(success(page))).toEqual({
      outcome: "opened",
      sessionKey: "A".repeat(32),
      redirectUrl: page,
    });
  });

  it.each([
    ["a foreign host", "https://evil.example/gw"],
    ["another scheme", "javascript:alert(1)"],
    ["another port", "http://127.0.0.1:1/gw"],
    ["a look-alike host", "http://127.0.0.1.evil.example/gw"],
    ["no page", undefined],
    ["an empty page", ""],
    ["a relative page", "/gw"],
  ])("with %s is a contradiction", async (_, page) => {
    expect(await open(success(page))).toEqual({ outcome: "unknown", cause: "contradiction", sent: true });
  });

  it("whose page names a user is a contradiction", async () => {
    const page = server.url.replace("http://", "http://user:pass@");
    expect(await open(success(page))).toMatchObject({ cause: "contradiction" });
  });

  it("that says FAILED is a definite no with its reason, cut and cleaned", async () => {
    const reply = { status: "FAILED", failedreason: `Store Credential Error\u0007${"x".repeat(300)}` };
    const rejected = await open(reply);
    expect(rejected).toMatchObject({
      outcome: "rejected",
      reason: expect.stringMatching(/^Store Credential Error x+$/),
    });
    expect(rejected.outcome === "rejected" && rejected.reason.length).toBe(255);
  });

  it("with another word or none is unknown", async () => {
    expect(await open({ status: "MAYBE" })).toMatchObject({ cause: "unlisted_status", sent: true });
    expect(await open({})).toMatchObject({ cause: "contradiction", sent: true });
  });

  it.each([
    ["HTML", (r: { end(text: string): unknown }) => void r.end("<html>"), "not_json"],
    ["silence", () => {}, "timeout"],
    ["a cut", (r: { destroy(): unknown }) => void r.destroy(), "connection"],
  ] as [string, Reply, string][])(
    "of %s is unknown and sent, and nothing is repeated",
    async (_, reply, cause) => {
      const before = server.received.length;
      expect(await open(reply)).toEqual({ outcome: "unknown", cause, sent: true });
      expect(server.received.length - before).toBe(1);
    },
  );
});
