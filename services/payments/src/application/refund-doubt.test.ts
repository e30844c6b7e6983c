import { beforeEach, describe, expect, it } from "vitest";
import type { Refund } from "../domain/refund.ts";
import {
  type AtGateway,
  HOUR_MS,
  MINUTE_MS,
  type PaymentDesk,
  paymentDesk,
} from "../testing/payment-desk.ts";

let desk: PaymentDesk;
let at: AtGateway;
beforeEach(async () => {
  desk = await paymentDesk({ refundApprovalThresholdMinor: 5_000n });
  at = await paid();
});

async function paid(): Promise<AtGateway> {
  const opened = await desk.atGateway({ amount: { amountMinor: 10_000n, currency: "BDT" } });
  desk.gateway.pay(opened.merchantRef);
  await desk.wait(MINUTE_MS);
  return opened;
}

const payment = async () => (await desk.file(at.reference)).payment;
const refundOf = async ({ id }: Refund): Promise<Refund> => (await desk.refundOf(id)).refund;
const complete = ({ reference }: Refund, no = 1): void => desk.gateway.completeRefund(`${reference}-${no}`);
const sent = (): string[] =>
  desk.gateway.calls.filter(({ operation }) => operation === "refund").map(({ ref }) => ref);
const refused = (reason: string) => ({ reason });
const TIMEOUT = { outcome: "unknown", cause: "timeout", sent: true } as const;

describe("a refund whose answer was lost", () => {
  const resolve = (refund: Refund, finding: Parameters<typeof given>[0]) =>
    desk.decide({ id: refund.id, scope: desk.scope }, "karim", { kind: "resolve", finding });
  const given = (finding: { kind: "executed"; gatewayRefundId: string } | { kind: "not_executed" }) =>
    finding;

  async function lost(effect: "carried_out" | "none"): Promise<Refund> {
    desk.gateway.setUnknown("refund", TIMEOUT, effect);
    const refund = await desk.refund(at.id, 10_000n);
    await desk.sweep();
    desk.gateway.setUnknown("refund", null);
    return refund;
  }

  it("stays pending, is never sent again, holds its amount and is shown to a person", async () => {
    const refund = await lost("carried_out");
    await desk.wait(24 * HOUR_MS);
    expect(sent()).toHaveLength(1);
    expect(desk.gateway.refunds.size).toBe(1);
    const file = await desk.refundOf(refund.id);
    expect(file.refund).toMatchObject({ status: "PENDING", gatewayRefundId: null });
    expect(file.attempts).toMatchObject([{ state: "UNKNOWN", reason: "timeout", nextAt: null }]);
    expect((await payment()).reviewReasons).toEqual(["REFUND_UNKNOWN"]);
    await expect(desk.refund(at.id, 1n)).rejects.toMatchObject(refused("INVALID_OPERATION_STATE"));
  });

  it("goes on under the gateway's id that an operator found", async () => {
    const refund = await lost("carried_out");
    const [known] = [...desk.gateway.refunds.values()];
    const gatewayRefundId = known?.gatewayRefundId ?? "";
    await resolve(refund, { kind: "executed", gatewayRefundId });
    expect((await payment()).reviewReasons).toEqual([]);
    complete(refund);
    await desk.wait(MINUTE_MS);
    expect(await refundOf(refund)).toMatchObject({ status: "SUCCEEDED", gatewayRefundId });
    expect(sent()).toHaveLength(1);
    await expect(resolve(refund, { kind: "not_executed" })).rejects.toMatchObject(
      refused("INVALID_OPERATION_STATE"),
    );
  });

  it("is tried again under a new reference when an operator says that it was not executed", async () => {
    const refund = await lost("none");
    await resolve(refund, { kind: "not_executed" });
    await desk.sweep();
    expect(sent()).toEqual([`${refund.reference}-1`, `${refund.reference}-2`]);
    complete(refund, 2);
    await desk.wait(MINUTE_MS);
    expect((await refundOf(refund)).status).toBe("SUCCEEDED");
    expect((await payment()).status).toBe("REFUNDED");
    expect(desk.world.book.audit.at(-1)).toMatchObject({
      actor: "karim",
      action: "refund.resolved_as_not_executed",
    });
  });

  it("cannot take over the execution of another refund", async () => {
    const other = await paid();
    const known = await desk.refund(other.id, 100n);
    await desk.sweep();
    const refund = await lost("none");
    const { gatewayRefundId } = { gatewayRefundId: "", ...(await refundOf(known)) };
    await expect(
      resolve(refund, { kind: "executed", gatewayRefundId: gatewayRefundId ?? "" }),
    ).rejects.toMatchObject(refused("INVALID_OPERATION_STATE"));
  });

  it("keeps its flag until the doubt has ended", async () => {
    const refund = await lost("none");
    const wish = { reason: "REFUND_UNKNOWN", actor: "karim", note: "looked" } as const;
    await expect(desk.resolveReview(at.id, desk.scope, wish)).rejects.toMatchObject(
      refused("INVALID_OPERATION_STATE"),
    );
    await resolve(refund, { kind: "not_executed" });
    await expect(desk.resolveReview(at.id, desk.scope, wish)).rejects.toMatchObject(
      refused("INVALID_OPERATION_STATE"),
    );
  });

  it("because its process died in the middle counts as sent", async () => {
    const refund = await desk.refund(at.id, 100n);
    expect(await desk.world.refundQueue.claimDue(5)).toEqual([{ refundId: refund.id, kind: "send" }]);
    expect(await desk.world.refundQueue.claimDue(5)).toEqual([]);
    await desk.wait(10 * MINUTE_MS);
    expect(sent()).toEqual([]);
    expect((await desk.refundOf(refund.id)).attempts).toMatchObject([{ state: "UNKNOWN" }]);
    expect((await payment()).reviewReasons).toEqual(["REFUND_UNKNOWN"]);
  });
});

describe("a refund that never left us", () => {
  it("is sent with the same reference once the gateway can be reached, and only executed once", async () => {
    desk.gateway.setUnknown("refund", { outcome: "unknown", cause: "breaker_open", sent: false });
    const refund = await desk.refund(at.id, 100n);
    await desk.wait(5 * MINUTE_MS);
    const tries = sent().length;
    expect(tries).toBeGreaterThan(2);
    expect((await payment()).reviewReasons).toEqual([]);
    desk.gateway.setUnknown("refund", null);
    await desk.wait(10 * MINUTE_MS);
    expect(new Set(sent())).toEqual(new Set([`${refund.reference}-1`]));
    expect(desk.gateway.refunds.size).toBe(1);
  });
});
