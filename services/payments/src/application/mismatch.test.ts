import { beforeEach, describe, expect, it } from "vitest";
import type { PaidEvidence } from "../domain/gateway.ts";
import type { RecordedMismatch } from "../domain/mismatch.ts";
import {
  type AtGateway,
  HOUR_MS,
  MINUTE_MS,
  type PaymentDesk,
  paymentDesk,
} from "../testing/payment-desk.ts";
import { listReviews, type Review, type ReviewFilter } from "./list-reviews.ts";

const LESS = { amountMinor: 1_000n, currency: "BDT" };
const DOLLARS = { amountMinor: 10_000n, currency: "USD" };

let desk: PaymentDesk;
let at: AtGateway;
beforeEach(async () => {
  desk = await paymentDesk({ refundApprovalThresholdMinor: 5_000n });
  at = await desk.atGateway({ amount: { amountMinor: 10_000n, currency: "BDT" } });
});

async function take(part: Partial<PaidEvidence>): Promise<RecordedMismatch> {
  desk.gateway.pay(at.merchantRef, part);
  await desk.wait(MINUTE_MS);
  const mismatch = (await desk.file(at.reference)).mismatches.at(-1);
  if (!mismatch) throw new Error("money that differs is evidence");
  return mismatch;
}

const named = (receiptId: number) => ({ paymentId: at.id, receiptId, scope: desk.scope });
const confirm = ({ id, charge }: RecordedMismatch, seen = charge.charged) =>
  desk.confirmMismatch(named(id), { seen, actor: "karim", note: "Seen in the panel" });
const resolve = (reason: "AMOUNT_MISMATCH" | "STORE_MISMATCH") =>
  desk.resolveReview(at.id, desk.scope, { reason, actor: "karim", note: "Not ours" });
const payment = async () => (await desk.file(at.reference)).payment;
const refused = { reason: "INVALID_OPERATION_STATE" };

async function reviews(part: Partial<ReviewFilter> = {}): Promise<readonly Review[]> {
  const all = { applicationId: desk.scope.applicationId, mode: "TEST" as const, reason: null };
  return listReviews(desk.world)({ ...all, after: null, limit: 10, ...part });
}

describe("money that differs from what was asked", () => {
  it("is shown to people with what was asked and what came, once, however often the gateway says so", async () => {
    const mismatch = await take({ charged: LESS, gross: LESS });
    await desk.wait(2 * HOUR_MS);
    const [review, ...more] = await reviews();
    expect(more).toEqual([]);
    expect(review).toMatchObject({
      payment: { id: at.id, status: "PENDING", amount: { amountMinor: 10_000n } },
      flags: [{ reason: "AMOUNT_MISMATCH" }],
      mismatches: [{ id: mismatch.id, state: "OPEN", askedReference: at.merchantRef }],
      held: [],
    });
    expect(review?.mismatches[0]?.charge).toMatchObject({ kind: "MISMATCH", charged: LESS });
    expect(await reviews({ mode: "LIVE" })).toEqual([]);
    expect(await reviews({ reason: "RISK" })).toEqual([]);
    expect(desk.world.book.charges.size).toBe(0);
  });

  it("is shown anew when its figures change", async () => {
    const evidence = desk.gateway.pay(at.merchantRef, { charged: LESS, gross: LESS });
    await desk.wait(MINUTE_MS);
    await resolve("AMOUNT_MISMATCH");
    const charged = { ...LESS, amountMinor: 2_000n };
    desk.gateway.inquire = async () => ({ outcome: "paid", payments: [{ ...evidence, charged }] });
    await desk.wait(10 * MINUTE_MS);
    const [review] = await reviews();
    expect(review?.mismatches.map(({ state }) => state)).toEqual(["OPEN", "DISMISSED"]);
  });

  it("does not come back once a person took its flag off, and the payment then ends as any other", async () => {
    await take({ accountRef: "other-store" });
    await resolve("STORE_MISMATCH");
    expect(await reviews()).toEqual([]);
    await desk.wait(2 * HOUR_MS);
    expect(await payment()).toMatchObject({ status: "EXPIRED", reviewReasons: [] });
    expect(desk.world.book.audit.at(-1)).toMatchObject({ actor: "karim", action: "review.resolved" });
  });
});

describe("an operator who confirms it", () => {
  it("makes it money that is nobody's, tells the ledger and pays nothing", async () => {
    const mismatch = await take({ charged: LESS, gross: LESS });
    expect(await confirm(mismatch)).toMatchObject({ status: "PENDING", reviewReasons: [] });
    expect(await desk.events(at.reference)).toEqual([
      "payment.created",
      "payment.opened",
      "mismatch.confirmed",
    ]);
    const [charge] = [...desk.world.book.charges.values()];
    expect(charge).toMatchObject({ id: mismatch.id, kind: "MISMATCH", charged: LESS });
    await desk.wait(2 * HOUR_MS);
    expect(await payment()).toMatchObject({ status: "EXPIRED", reviewReasons: [] });
    expect(desk.gateway.refunds.size).toBe(0);
  });

  it("gives it back whole, in its own currency, and only once", async () => {
    const mismatch = await take({ charged: DOLLARS, gross: { amountMinor: 1_200_000n, currency: "BDT" } });
    await confirm(mismatch);
    const back = { receiptId: mismatch.id, byOperator: true, createdBy: "rahim" };
    await expect(desk.refund(at.id, 9_999n, back)).rejects.toMatchObject({ reason: "VALIDATION_ERROR" });
    const refund = await desk.refund(at.id, 10_000n, back);
    const origin = { origin: "MISMATCH", originRef: String(mismatch.attemptId), amount: DOLLARS };
    // A threshold in taka says nothing about dollars, so another person has to agree.
    expect(refund).toMatchObject({ ...origin, status: "AWAITING_APPROVAL" });
    await expect(desk.refund(at.id, 10_000n, back)).rejects.toMatchObject(refused);
    await desk.decide({ id: refund.id, scope: desk.scope }, "karim", { kind: "approve" });
    await desk.sweep();
    desk.gateway.completeRefund(`${refund.reference}-1`);
    await desk.wait(MINUTE_MS);
    expect((await desk.refundOf(refund.id)).refund).toMatchObject({ ...origin, status: "SUCCEEDED" });
    const [sent] = [...desk.gateway.refunds.values()];
    expect(sent?.order.amount).toEqual({ amountMinor: 1_200_000n, currency: "BDT" });
    expect(await payment()).toMatchObject({ status: "PENDING" });
  });

  it("is asked again when the gateway does not give it back", async () => {
    const mismatch = await take({ charged: LESS, gross: LESS });
    await confirm(mismatch);
    desk.gateway.refuse("refund", "Window closed");
    await desk.refund(at.id, 1_000n, { receiptId: mismatch.id, byOperator: true, createdBy: "rahim" });
    await desk.sweep();
    const [review] = await reviews();
    expect(review).toMatchObject({ flags: [{ reason: "AMOUNT_MISMATCH" }], held: [{ id: mismatch.id }] });
  });

  it("has to name the figures that the gateway named", async () => {
    const mismatch = await take({ charged: LESS, gross: LESS });
    for (const seen of [
      { ...LESS, amountMinor: 999n },
      { ...LESS, currency: "USD" },
    ]) {
      await expect(confirm(mismatch, seen)).rejects.toMatchObject({ fields: { amount: expect.any(String) } });
    }
    expect(await payment()).toMatchObject({ reviewReasons: ["AMOUNT_MISMATCH"] });
  });

  it("cannot confirm it twice, nor a second one of its attempt", async () => {
    const first = await take({ charged: LESS, gross: LESS });
    const second = await take({ charged: { ...LESS, amountMinor: 2n } });
    expect(await confirm(first)).toMatchObject({ reviewReasons: ["AMOUNT_MISMATCH"] });
    await expect(confirm(first)).rejects.toMatchObject(refused);
    await expect(confirm(second)).rejects.toMatchObject(refused);
    await resolve("AMOUNT_MISMATCH");
    expect(await payment()).toMatchObject({ reviewReasons: [] });
  });

  it.each([{ accountRef: "other-store" }, { merchantRef: "pay_other-1" }])(
    "cannot confirm %o",
    async (part) => {
      await expect(confirm(await take(part))).rejects.toMatchObject(refused);
    },
  );

  it("cannot confirm what is another payment's, or nothing", async () => {
    const mismatch = await take({ charged: LESS, gross: LESS });
    const wish = { seen: LESS, actor: "karim", note: "Seen" };
    for (const other of [
      { ...named(mismatch.id), scope: { ...desk.scope, mode: "LIVE" as const } },
      { ...named(mismatch.id), paymentId: (await desk.create()).id },
      named(999_999),
    ]) {
      await expect(desk.confirmMismatch(other, wish)).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
    }
  });

  it("is answered the same again under the same key, whatever happened since", async () => {
    const mismatch = await take({ charged: LESS, gross: LESS });
    const key = { route: "ConfirmMismatch", key: "k", fingerprint: new Uint8Array(32) };
    const wish = { seen: LESS, actor: "karim", note: "Seen" };
    const first = await desk.confirmMismatch(named(mismatch.id), wish, key);
    await desk.wait(2 * HOUR_MS);
    expect(await desk.confirmMismatch(named(mismatch.id), wish, key)).toEqual(first);
    const other = { ...key, fingerprint: new Uint8Array(32).fill(1) };
    await expect(desk.confirmMismatch(named(mismatch.id), wish, other)).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_CONFLICT",
    });
    expect(desk.world.book.charges.size).toBe(1);
  });
});
