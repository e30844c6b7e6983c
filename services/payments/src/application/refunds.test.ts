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

describe("a refund", () => {
  it("succeeds when the gateway says so, and its payment is refunded in part, then whole", async () => {
    const first = await desk.refund(at.id, 2_500n, { reason: "Broken cup" });
    expect(first).toMatchObject({ status: "PENDING", approvedBy: null, createdBy: /^app:/, version: 1 });
    await desk.sweep();
    expect(await refundOf(first)).toMatchObject({ status: "PENDING", gatewayRefundId: expect.any(String) });
    expect((await payment()).status).toBe("SUCCEEDED");
    complete(first);
    await desk.wait(MINUTE_MS);
    expect(await refundOf(first)).toMatchObject({ status: "SUCCEEDED", version: 2 });
    expect(await payment()).toMatchObject({
      status: "PARTIALLY_REFUNDED",
      version: 4,
      paid: { refundedMinor: 2_500n },
    });
    const second = await desk.refund(at.id, 2_500n);
    await desk.sweep();
    complete(second);
    await desk.wait(MINUTE_MS);
    expect(await payment()).toMatchObject({
      status: "PARTIALLY_REFUNDED",
      version: 5,
      paid: { refundedMinor: 5_000n },
    });
    const third = await desk.refund(at.id, 5_000n);
    await desk.sweep();
    complete(third);
    await desk.wait(MINUTE_MS);
    expect(await payment()).toMatchObject({
      status: "REFUNDED",
      version: 6,
      paid: { refundedMinor: 10_000n },
    });
    expect(await desk.events(at.reference)).toEqual([
      "payment.created",
      "payment.opened",
      "payment.succeeded",
      ...["refund.requested", "refund.succeeded", "refund.requested", "refund.succeeded"],
      ...["refund.requested", "refund.succeeded"],
    ]);
    const history = await desk.world.history(at.id);
    expect(history.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(sent()).toEqual([first, second, third].map(({ reference }) => `${reference}-1`));
  });

  it("fails when the gateway refuses it, and its amount can be refunded again", async () => {
    desk.gateway.refuse("refund", "Window closed");
    const refund = await desk.refund(at.id, 10_000n);
    await desk.sweep();
    expect(await refundOf(refund)).toMatchObject({ status: "FAILED", failureReason: "Window closed" });
    expect((await payment()).status).toBe("SUCCEEDED");
    desk.gateway.refuse("refund", null);
    expect((await desk.refund(at.id, 10_000n)).status).toBe("PENDING");
  });

  it("fails when the gateway cancels it after it had accepted it", async () => {
    const refund = await desk.refund(at.id, 1_000n);
    await desk.sweep();
    desk.gateway.cancelRefund(`${refund.reference}-1`, "Card closed");
    await desk.wait(MINUTE_MS);
    expect(await refundOf(refund)).toMatchObject({ status: "FAILED", failureReason: "Card closed" });
    expect(await desk.events(at.reference)).toContain("refund.failed");
  });

  it("is refused for what is not paid, and for more than is left", async () => {
    const open = await desk.atGateway();
    await expect(desk.refund(open.id, 1n)).rejects.toMatchObject(refused("INVALID_OPERATION_STATE"));
    await desk.refund(at.id, 6_000n);
    await expect(desk.refund(at.id, 6_000n)).rejects.toMatchObject({
      ...refused("INVALID_OPERATION_STATE"),
      metadata: { status: "SUCCEEDED", refundableMinor: "4000" },
    });
    await expect(desk.refund(999, 1n)).rejects.toMatchObject(refused("RESOURCE_NOT_FOUND"));
    const foreign = { scope: { ...desk.scope, mode: "LIVE" as const } };
    await expect(desk.refund(at.id, 1n, foreign)).rejects.toMatchObject(refused("RESOURCE_NOT_FOUND"));
  });

  it("answers a repeat of its key again, also when nothing is left, and refuses another request's key", async () => {
    const key = (fill: number) => ({
      route: "POST /payments/{id}/refunds",
      key: "k",
      fingerprint: new Uint8Array(32).fill(fill),
    });
    const first = await desk.refund(at.id, 10_000n, { idempotency: key(1) });
    await desk.sweep();
    expect(await desk.refund(at.id, 10_000n, { idempotency: key(1) })).toEqual(first);
    await expect(desk.refund(at.id, 10_000n, { idempotency: key(2) })).rejects.toMatchObject(
      refused("IDEMPOTENCY_KEY_CONFLICT"),
    );
    expect(desk.world.book.refunds.size).toBe(1);
  });

  it("is asked about at 10 s, 1, 5, 15 and 60 min, then every six hours to day 30, then by a person", async () => {
    const refund = await desk.refund(at.id, 100n);
    await desk.sweep();
    const polls = () => desk.gateway.calls.filter(({ operation }) => operation === "inquireRefund").length;
    await desk.wait(HOUR_MS + MINUTE_MS);
    expect(polls()).toBe(5);
    for (let i = 0; i < 119; i++) {
      desk.world.clock.advance(6 * HOUR_MS);
      await desk.sweep();
    }
    expect(polls()).toBe(5 + 119);
    expect(await payment()).toMatchObject({ reviewReasons: ["REFUND_UNKNOWN"] });
    expect((await refundOf(refund)).status).toBe("PENDING");
  });
});

describe("an operator's refund", () => {
  const ask = (amountMinor: bigint) =>
    desk.refund(at.id, amountMinor, { byOperator: true, createdBy: "rahim" });
  const decide = (refund: Refund, actor: string, kind: "approve" | "reject") =>
    desk.decide(
      { id: refund.id, scope: desk.scope },
      actor,
      kind === "approve" ? { kind } : { kind, reason: "No" },
    );

  it("below the threshold is asked of the gateway at once, from it on it waits and holds its amount", async () => {
    expect((await ask(4_999n)).status).toBe("PENDING");
    const waiting = await ask(5_000n);
    expect(waiting.status).toBe("AWAITING_APPROVAL");
    await desk.wait(HOUR_MS);
    expect(sent()).toHaveLength(1);
    await expect(desk.refund(at.id, 2n)).rejects.toMatchObject(refused("INVALID_OPERATION_STATE"));
  });

  it("goes on when another operator agrees, once, however often that is said", async () => {
    const waiting = await ask(8_000n);
    await expect(decide(waiting, "rahim", "approve")).rejects.toMatchObject(refused("FORBIDDEN"));
    const approved = await decide(waiting, "karim", "approve");
    expect(approved).toMatchObject({ status: "PENDING", approvedBy: "karim", version: 2 });
    expect(await decide(waiting, "karim", "approve")).toEqual(approved);
    await desk.sweep();
    await expect(decide(waiting, "salma", "approve")).rejects.toMatchObject(
      refused("INVALID_OPERATION_STATE"),
    );
    await expect(decide(waiting, "karim", "reject")).rejects.toMatchObject(
      refused("INVALID_OPERATION_STATE"),
    );
    expect(sent()).toHaveLength(1);
    const requested = desk.world.book.events.filter((event) => event.kind === "refund");
    expect(requested.map((event) => `${event.type} ${event.refund.status}`)).toEqual([
      "refund.requested AWAITING_APPROVAL",
      "refund.approved PENDING",
    ]);
    expect(desk.world.book.audit.slice(-2).map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      "rahim refund.requested_by_operator",
      "karim refund.approved",
    ]);
  });

  it("that is rejected frees its amount and is never sent", async () => {
    const waiting = await ask(10_000n);
    await expect(decide(waiting, "rahim", "reject")).rejects.toMatchObject(refused("FORBIDDEN"));
    const rejected = await decide(waiting, "karim", "reject");
    expect(rejected).toMatchObject({ status: "REJECTED", rejectedBy: "karim", failureReason: "No" });
    expect(await decide(waiting, "karim", "reject")).toEqual(rejected);
    await desk.wait(HOUR_MS);
    expect(sent()).toEqual([]);
    expect((await desk.refund(at.id, 10_000n)).status).toBe("PENDING");
  });

  it("does not exist for another application or mode", async () => {
    const { id } = await ask(8_000n);
    const foreign = { id, scope: { ...desk.scope, mode: "LIVE" as const } };
    await expect(desk.decide(foreign, "karim", { kind: "approve" })).rejects.toMatchObject(
      refused("RESOURCE_NOT_FOUND"),
    );
  });
});

describe("a review flag", () => {
  it("is taken off by an operator, with a note for the audit log, once", async () => {
    const risky = await desk.atGateway();
    desk.gateway.pay(risky.merchantRef, { risk: { level: 1, title: "Risky" } });
    await desk.wait(MINUTE_MS);
    const wish = { reason: "RISK", actor: "karim", note: "Known customer" } as const;
    const cleared = await desk.resolveReview(risky.id, desk.scope, wish);
    expect(cleared).toMatchObject({ status: "SUCCEEDED", reviewReasons: [], version: 3 });
    expect(desk.world.book.audit.slice(-1)).toMatchObject([
      { actor: "karim", action: "review.resolved", detail: { reason: "RISK", note: "Known customer" } },
    ]);
    await expect(desk.resolveReview(risky.id, desk.scope, wish)).rejects.toMatchObject(
      refused("INVALID_OPERATION_STATE"),
    );
  });
});
