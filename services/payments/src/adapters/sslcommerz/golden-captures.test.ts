import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedServer, scriptedAccount, startScriptedServer } from "../../testing/scripted-server.ts";
import { GOLDEN_VECTORS, goldenForm, postForm } from "./golden-vectors.ts";
import { sslcommerzGateway } from "./sslcommerz-gateway.ts";

/**
 * Real: the adapter and HTTP. Double: a server that plays captures back: the fields and values of payments at the real
 * sandbox as they were published, in the shapes of validation, query and notification that its documentation gives.
 * Oracle: the figures of those captures, written down by hand.
 */
const { signal } = new AbortController();

const CHARGES = {
  V1: {
    merchantRef: "5E121A0D01F92",
    gatewayRef: "200105225826116qFnATY9sHIwo",
    gatewayTxnId: "200105225825DBgSoRGLvczhFjj",
    accountRef: "test_testemi",
    charged: { amountMinor: 10_00n, currency: "BDT" },
    settled: { amountMinor: 9_75n, currency: "BDT" },
    risk: { level: 0, title: "Safe" },
    method: {
      channel: "VISA-Dutch Bangla",
      brand: "VISA",
      issuer: "TRUST BANK, LTD.",
      country: "BD",
      last4: "6675",
    },
    gatewayTime: "2020-01-05 22:58:21",
  },
  V2: {
    merchantRef: "45c48cce2e",
    gatewayRef: "210126185454BSzXJBsNFp6bXIg",
    gatewayTxnId: "2101261854540sl3LEqAN58gnVk",
    accountRef: "testbox",
    charged: { amountMinor: 600_00n, currency: "BDT" },
    settled: { amountMinor: 585_00n, currency: "BDT" },
    risk: { level: 0, title: "Safe" },
    method: {
      channel: "DBBLMOBILEB-Dbbl Mobile Banking",
      brand: "MOBILEBANKING",
      issuer: "DBBL Mobile Banking",
      country: "BD",
      last4: null,
    },
    gatewayTime: "2021-01-26 18:54:43",
  },
};

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.each([
  [GOLDEN_VECTORS[0], CHARGES.V1],
  [GOLDEN_VECTORS[1], CHARGES.V2],
] as const)("the capture $name", (vector, charge) => {
  const form = goldenForm(vector);
  const captured = Object.fromEntries([...form].filter(([name]) => !name.startsWith("verify_")));
  const account = () =>
    scriptedAccount(server.url, {
      storeId: charge.accountRef,
      storePassword: vector.storePassword,
      deadlines: { read: 5_000 },
    });
  const attempt = { merchantRef: charge.merchantRef, sessionKey: null };
  const paid = { outcome: "paid", payments: [{ ...charge, gross: charge.charged, validated: true }] };

  it("is a valid claim of its charge, as it was notified", async () => {
    await using gateway = sslcommerzGateway(account());
    const body = new URLSearchParams([...form]).toString();
    expect(gateway.readCallback(postForm(body))).toEqual({
      merchantRef: charge.merchantRef,
      gatewayRef: charge.gatewayRef,
      accountRef: charge.accountRef,
      money: charge.charged,
      says: "paid",
      signature: "valid",
      note: null,
    });
  });

  it("is paid by its figures, as validation and query tell it", async () => {
    await using gateway = sslcommerzGateway(account());
    const validated = { ...captured, status: "VALIDATED", APIConnect: "DONE", gw_version: "4.00" };
    server.script("validate", { ...validated, validated_on: charge.gatewayTime });
    const found = { APIConnect: "DONE", no_of_trans_found: 1, element: [{ ...captured, error: "" }] };
    server.script("query", found);
    expect(await gateway.confirm(attempt, charge.gatewayRef, signal)).toEqual(paid);
    expect(await gateway.inquire(attempt, signal)).toEqual(paid);
  });
});
