import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PaymentGateway } from "../../application/payment-gateway.ts";
import { createAdmin, startSandbox } from "../../testing/sandbox-process.ts";
import { sslcommerzGateway } from "./sslcommerz-gateway.ts";

/**
 * Real: the adapter and its HTTP, and the simulator as a process of its own. Double: the simulator stands for
 * SSLCOMMERZ. Oracle: the fault that the test ordered and the tables of the protocol.
 */
let resources = new AsyncDisposableStack();
let gateway: PaymentGateway;
let admin: ReturnType<typeof createAdmin>;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  const sandbox = resources.use(await startSandbox());
  gateway = resources.use(sslcommerzGateway(sandbox.account));
  admin = createAdmin(sandbox);
});
afterAll(() => resources.disposeAsync());

const signal = (): AbortSignal => new AbortController().signal;
let counter = 0;

/** Opens and pays a session under these rules, then asks about it. */
async function inquirePaid(rule: object) {
  counter += 1;
  const merchantRef = `pay_faults${counter}-1`;
  await admin.addRule(merchantRef, rule);
  const home = "http://127.0.0.1:9";
  const opened = await gateway.openSession(
    {
      merchantRef,
      amount: { amountMinor: 600_05n, currency: "BDT" },
      productName: "Faults",
      customer: { name: null, email: null, phone: null },
      returnUrls: { success: home, fail: home, cancel: home },
      notificationUrl: home,
      paymentReference: `pay_faults${counter}`,
      attemptNo: 1,
    },
    signal(),
  );
  expect(opened.outcome).toBe("opened");
  await admin.act(merchantRef, "success");
  const ask = () => gateway.inquire({ merchantRef, sessionKey: null }, signal());
  return { first: await ask(), ask, merchantRef };
}

const unknown = (cause: string) => ({ outcome: "unknown", cause, sent: true });
const paid = (...payments: readonly object[]) => ({ outcome: "paid", payments });

describe("against the simulator", () => {
  it("a charge that the validation denies is paid and not validated, until it agrees", async () => {
    const reply = { validate: { set: { status: "INVALID_TRANSACTION" } } };
    const { first, ask } = await inquirePaid({ times: 1, reply });
    expect(first).toMatchObject(
      paid({ validated: false, charged: { amountMinor: 600_05n, currency: "BDT" } }),
    );
    expect(await ask()).toMatchObject(
      paid({ validated: true, settled: { amountMinor: 585_05n, currency: "BDT" } }),
    );
  });

  it.each([
    ["HTML", { body: "html" }, "not_json"],
    ["nothing", { body: "empty" }, "not_json"],
    ["half an answer", { body: "truncated" }, "truncated"],
    ["429", { status: 429 }, "throttled"],
    ["APIConnect FAILED", { set: { APIConnect: "FAILED" } }, "refused_at_door"],
    ["an unlisted word", { set: { "element.status": "REVERSED" } }, "unlisted_status"],
    ["three decimals", { set: { "element.amount": "600.055" } }, "contradiction"],
  ])("a query that answers %s is unknown, and the money is found afterwards", async (_, query, cause) => {
    const { first, ask } = await inquirePaid({ times: 1, reply: { query } });
    expect(first).toEqual(unknown(cause));
    expect(await ask()).toMatchObject(paid({ validated: true }));
  });

  it("a query that is cut or breaks once is repeated", async () => {
    for (const query of [{ cut: "before" }, { cut: "after" }, { status: 502 }]) {
      expect((await inquirePaid({ times: 1, reply: { query } })).first).toMatchObject(
        paid({ validated: true }),
      );
    }
  });

  it.each([
    [{ amount: "1.00" }, { charged: { amountMinor: 1_00n, currency: "BDT" } }],
    [{ amount: "600" }, { charged: { amountMinor: 600_00n, currency: "BDT" } }],
    [{ currency: "USD" }, { charged: { amountMinor: 600_05n, currency: "USD" } }],
    [{ storeId: "somebody" }, { accountRef: "somebody" }],
    [{ tranId: "pay_somebody-1" }, { merchantRef: "pay_somebody-1" }],
  ])("what the gateway believes is reported as it is: %o", async (truth, evidence) => {
    expect((await inquirePaid({ truth })).first).toMatchObject(paid(evidence));
  });
});
