import { describe, expect, it } from "vitest";
import { type GatewayWorld, paymentGatewayContract } from "../../application/payment-gateway.contract.ts";
import type { Unknown } from "../../domain/gateway.ts";
import { memoryGateway } from "./memory-gateway.ts";
import { memoryGateways } from "./memory-gateways.ts";

const LATE: Unknown = { outcome: "unknown", cause: "timeout", sent: true };

/** Lets one call be lost, then answers again. */
async function memoryWorld(): Promise<GatewayWorld> {
  const inner = memoryGateway();
  const lost = new Set<string>();
  const refused = new Set<string>();
  const unreachable = memoryGateway();
  unreachable.setUnknown(
    "openSession",
    { outcome: "unknown", cause: "connection", sent: false },
    "carried_out",
  );
  const isLost = (key: string): boolean => lost.delete(key);
  return {
    gateway: {
      ...inner,
      openSession: async (order, signal) => {
        if (isLost(`session ${order.merchantRef}`)) return LATE;
        inner.refuse("openSession", refused.has(order.merchantRef) ? "Store is inactive" : null);
        return inner.openSession(order, signal);
      },
      inquire: async (ref, signal) =>
        isLost(`query ${ref.merchantRef}`) ? LATE : inner.inquire(ref, signal),
    },
    unreachable: {
      ...unreachable,
      openSession: async (order, signal) => {
        const limits = unreachable.capabilities.currencies[order.amount.currency];
        const taken = limits !== undefined && order.amount.amountMinor >= limits.minMinor;
        return taken ? unreachable.openSession(order, signal) : { outcome: "rejected", reason: "amount" };
      },
    },
    home: "http://localhost:8080",
    secrets: ["memory-secret"],
    refuseSession: async (ref) => void refused.add(ref),
    pay: async (ref) => void inner.pay(ref),
    fail: async (ref) => inner.fail(ref),
    cancel: async (ref) => inner.cancel(ref),
    stall: async (operation, ref) => void lost.add(`${operation} ${ref}`),
    callback: async (ref, sign) => inner.callback(ref, { token: sign === "good" ? "valid" : "forged" }),
    refuseRefund: async () => inner.refuse("refund", "Insufficient balance"),
    cutRefund: async () => inner.setUnknown("refund", LATE, "carried_out"),
    finishRefunds: async () => {
      for (const ref of inner.refunds.keys()) inner.completeRefund(ref);
    },
    traces: () => JSON.stringify(inner.calls),
    [Symbol.asyncDispose]: async () => {},
  };
}

paymentGatewayContract("The memory gateway", memoryWorld);

describe("memory gateways", () => {
  it("find the account of a mode and refuse a mode without one", () => {
    const gateway = memoryGateway();
    const gateways = memoryGateways({ TEST: gateway });
    expect(gateways.of(gateways.choose(1, "TEST"))).toBe(gateway);
    expect(() => gateways.choose(1, "LIVE")).toThrow(
      expect.objectContaining({ reason: "GATEWAY_UNAVAILABLE" }),
    );
    expect(() => gateways.of("memory-live")).toThrow(
      expect.objectContaining({ reason: "GATEWAY_UNAVAILABLE" }),
    );
  });

  it("identify a callback without any credential", () => {
    const gateway = memoryGateway();
    const callback = gateway.callback("pay_x-1", { token: null, set: { account: "other" } });
    expect(memoryGateways({}).identify("SSLCOMMERZ", callback)).toEqual({
      merchantRef: "pay_x-1",
      accountRef: "other",
    });
    expect(gateway.readCallback(callback)).toMatchObject({ signature: "absent", says: "pending" });
  });
});
