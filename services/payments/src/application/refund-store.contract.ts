import { VersionConflict } from "@oi/kernel/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPaid, markRefunded, type PaidPayment, type Payment } from "../domain/payment.ts";
import { approve, fail, type PendingRefund, type Refund, reject, succeed } from "../domain/refund.ts";
import { ask, paidPayment, refundFile } from "../testing/refunding.ts";
import { settle } from "../testing/settled.ts";
import { change, register, type StoreWorld } from "../testing/store-world.ts";
import type { IdempotencyKey } from "./ports.ts";
import type { RefundPage } from "./refund-ports.ts";

const reserved = async (world: StoreWorld, { id, scope }: Payment): Promise<bigint | undefined> =>
  (await world.refunds.basis(id, scope))?.reservedMinor;

const key = (text: string, fill = 1): IdempotencyKey => ({
  route: "POST /payments/{id}/refunds",
  key: text,
  fingerprint: new Uint8Array(32).fill(fill),
});

const page = (part: Partial<RefundPage> = {}): RefundPage => ({
  ascending: false,
  skip: 0,
  limit: 10,
  ...part,
});

/** What every refund store and its queue do, whatever they are made of. */
export function refundStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: refunds`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    creating(() => world);
    changing(() => world);
    queueing(() => world);
  });
}

function creating(the: () => StoreWorld): void {
  it("gives a refund back by id, in the payment's list and as a file, and takes its amount", async () => {
    const payment = await paidPayment(the());
    const { refund, replayed } = await ask(the(), payment);
    expect(replayed).toBe(false);
    expect(await the().refunds.byId(refund.id, payment.scope)).toEqual(refund);
    const second = (await ask(the(), payment, { needsApproval: true })).refund;
    expect(await the().refunds.list(payment.id, payment.scope, page())).toEqual({
      refunds: [second, refund],
      total: 2,
    });
    const file = await refundFile(the(), refund);
    expect(file).toMatchObject({ payment, refund, otherInDoubt: false, charge: { id: refund.chargeId } });
    expect(file.attempts).toMatchObject([
      { no: 1, state: "READY", merchantRefundRef: `${refund.reference}-1`, nextAt: refund.createdAt },
    ]);
    expect((await refundFile(the(), second)).attempts).toEqual([]);
    expect(await reserved(the(), payment)).toBe(2_000n);
    const events = (await the().published(payment.reference)).map(({ type }) => type);
    expect(events.slice(-2)).toEqual(["refund.requested", "refund.requested"]);
    expect(await the().audited(payment.scope.applicationId)).toContain("rahim refund.requested");
  });

  it("hides a refund from other applications and from the other mode", async () => {
    const payment = await paidPayment(the());
    const { refund } = await ask(the(), payment);
    const foreign = { ...payment.scope, mode: "LIVE" as const };
    expect(await the().refunds.byId(refund.id, foreign)).toBeNull();
    expect(await the().refunds.list(payment.id, foreign, page())).toBeNull();
    expect(await the().refunds.basis(payment.id, foreign)).toBeNull();
    expect(await the().refunds.byId(999_999, payment.scope)).toBeNull();
    expect(await the().refunds.file(999_999)).toBeNull();
  });

  it("lists a payment's refunds in pages, from both ends, with the total", async () => {
    const payment = await paidPayment(the());
    const none = await the().refunds.list(payment.id, payment.scope, page());
    expect(none).toEqual({ refunds: [], total: 0 });
    const made: Refund[] = [];
    for (let i = 0; i < 4; i++) made.push((await ask(the(), payment)).refund);
    const [first, second, third, fourth] = made;
    const list = (part: Partial<RefundPage>) => the().refunds.list(payment.id, payment.scope, page(part));
    expect(await list({ skip: 1, limit: 2 })).toEqual({ refunds: [third, second], total: 4 });
    expect(await list({ ascending: true, limit: 3 })).toEqual({ refunds: [first, second, third], total: 4 });
    expect(await list({ ascending: true, skip: 3 })).toEqual({ refunds: [fourth], total: 4 });
    expect(await list({ skip: 4 })).toEqual({ refunds: [], total: 4 });
  });

  it("reads the approval threshold with the basis", async () => {
    const { id: applicationId } = await register(the(), { refundApprovalThresholdMinor: 77n });
    const scope = { applicationId, mode: "TEST" as const };
    const { payment } = await settle(the(), {}, { scope });
    expect(await the().refunds.basis(payment.id, scope)).toMatchObject({ approvalThresholdMinor: 77n });
  });

  it("never takes more than is left, whatever was loaded before", async () => {
    const payment = await paidPayment(the());
    await ask(the(), payment, { amountMinor: 6_000n });
    await expect(ask(the(), payment, { amountMinor: 4_001n })).rejects.toBeInstanceOf(VersionConflict);
    await ask(the(), payment, { amountMinor: 4_000n });
    expect(await reserved(the(), payment)).toBe(10_000n);
  });

  it("returns a late charge once, and takes nothing from what the payment earned", async () => {
    const payment = await paidPayment(the());
    const late = { late: true, amountMinor: 10_000n };
    const { refund } = await ask(the(), payment, late);
    expect(await reserved(the(), payment)).toBe(0n);
    expect(await the().refunds.basis(payment.id, payment.scope)).toMatchObject({
      returnedCharges: [refund.chargeId],
    });
    await expect(ask(the(), payment, late)).rejects.toBeInstanceOf(VersionConflict);
  });

  it("answers a repeat of a key with the first answer, and refuses the key of another request", async () => {
    const payment = await paidPayment(the());
    const idempotency = key("k");
    const first = await ask(the(), payment, { idempotency });
    const repeat = await ask(the(), payment, { idempotency });
    expect(repeat).toEqual({ ...first, replayed: true });
    expect(await the().refunds.answered(payment.scope, idempotency)).toEqual(repeat);
    expect(await the().refunds.answered(payment.scope, key("other"))).toBeNull();
    await expect(the().refunds.answered(payment.scope, key("k", 2))).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_CONFLICT",
    });
    expect(await reserved(the(), payment)).toBe(1_000n);
  });

  it("leaves the key of a refused request free", async () => {
    const payment = await paidPayment(the());
    const idempotency = key("free");
    await expect(ask(the(), payment, { idempotency, amountMinor: 10_001n })).rejects.toBeInstanceOf(
      VersionConflict,
    );
    expect((await ask(the(), payment, { idempotency })).replayed).toBe(false);
  });
}

const paid = (payment: Payment): PaidPayment => {
  if (!isPaid(payment)) throw new Error("the payment is paid");
  return payment;
};
const pending = (refund: Refund): PendingRefund => {
  if (refund.status !== "PENDING") throw new Error("the refund is pending");
  return refund;
};

function changing(the: () => StoreWorld): void {
  it("stores a success with the payment's step, and a failure with what it frees", async () => {
    const payment = await paidPayment(the());
    const [first, second] = [(await ask(the(), payment)).refund, (await ask(the(), payment)).refund];
    const now = the().now();
    const file = await refundFile(the(), first);
    const done = succeed(pending(first), "R1", now);
    const [attempt] = file.attempts;
    if (!attempt) throw new Error("a pending refund has a try");
    const moved = markRefunded(paid(file.payment), 1_000n, now);
    const accepted = {
      ...attempt,
      state: "SUCCEEDED" as const,
      gatewayRefundId: `R${first.id}`,
      acceptedAt: now,
      nextAt: null,
    };
    const call = { refundId: first.id, attemptNo: 1, operation: "refund", askedAt: now, tookMs: 1 } as const;
    await the().payments.commit(
      change(file.payment, {
        ...moved,
        refunds: [{ refund: done, isNew: false, attempts: [accepted] }],
        refundCall: { ...call, outcome: { outcome: "succeeded", gatewayRefundId: "R1" } },
      }),
    );
    expect(await refundFile(the(), first)).toMatchObject({ refund: done, attempts: [accepted] });
    const partly = await the().payments.byId(payment.id, payment.scope);
    expect(partly).toMatchObject({ status: "PARTIALLY_REFUNDED", paid: { refundedMinor: 1_000n } });
    const failed = fail(pending(second), "Window closed", now);
    await the().payments.commit(
      change((await refundFile(the(), second)).payment, {
        refunds: [{ refund: failed, isNew: false, attempts: [] }],
        releasedMinor: 1_000n,
      }),
    );
    expect((await refundFile(the(), second)).refund).toEqual(failed);
    expect(await reserved(the(), payment)).toBe(1_000n);
  });

  it("stores both decisions of an operator", async () => {
    const payment = await paidPayment(the());
    const waiting = async () => (await ask(the(), payment, { needsApproval: true })).refund;
    const [yes, no] = [
      approve(await waiting(), "karim", the().now()),
      reject(await waiting(), "karim", "No", the().now()),
    ];
    for (const refund of [yes, no]) {
      const file = await refundFile(the(), refund);
      const audit = { actor: "karim", action: "refund.decided", detail: { refundId: refund.id } };
      await the().payments.commit(
        change(file.payment, { refunds: [{ refund, isNew: false, attempts: [] }], audit }),
      );
      expect((await refundFile(the(), refund)).refund).toEqual(refund);
    }
    expect(await the().audited(payment.scope.applicationId)).toContain("karim refund.decided");
  });

  it("does not let two refunds follow one execution", async () => {
    const payment = await paidPayment(the());
    const claim = async (gatewayRefundId: string): Promise<void> => {
      const file = await refundFile(the(), (await ask(the(), payment)).refund);
      const attempts = file.attempts.map((attempt) => ({
        ...attempt,
        state: "ACCEPTED" as const,
        gatewayRefundId,
      }));
      const refunds = [{ refund: file.refund, isNew: false, attempts }];
      await the().payments.commit(change(file.payment, { refunds }));
    };
    const id = `same-${payment.id}`;
    await claim(id);
    await expect(claim(id)).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
  });

  it("knows whether a refund, or another one of its payment, is in doubt", async () => {
    const payment = await paidPayment(the());
    const [first, second] = [(await ask(the(), payment)).refund, (await ask(the(), payment)).refund];
    expect(await the().refunds.inDoubt(payment.id)).toBe(false);
    const file = await refundFile(the(), first);
    const attempts = file.attempts.map((attempt) => ({
      ...attempt,
      state: "UNKNOWN" as const,
      nextAt: null,
    }));
    await the().payments.commit(
      change(file.payment, { refunds: [{ refund: first, isNew: false, attempts }] }),
    );
    expect(await the().refunds.inDoubt(payment.id)).toBe(true);
    expect((await refundFile(the(), first)).otherInDoubt).toBe(false);
    expect((await refundFile(the(), second)).otherInDoubt).toBe(true);
  });
}

function queueing(the: () => StoreWorld): void {
  it("hands out what is to be sent once and for good, and calls it lost when nobody came back", async () => {
    const { refund } = await ask(the(), await paidPayment(the()));
    const own = async () =>
      (await the().refundQueue.claimDue(1_000)).filter(({ refundId }) => refundId === refund.id);
    expect(await own()).toEqual([{ refundId: refund.id, kind: "send" }]);
    expect((await refundFile(the(), refund)).attempts).toMatchObject([{ state: "SENDING" }]);
    expect(await own()).toEqual([]);
    await the().endLeases();
    expect(await own()).toEqual([{ refundId: refund.id, kind: "lost" }]);
  });

  it("hands out what is to be asked about when it is due, the longest waiting first", async () => {
    const due = async (ageMs: number) => {
      const file = await refundFile(the(), (await ask(the(), await paidPayment(the()))).refund);
      const nextAt = the().now() - ageMs;
      const attempts = file.attempts.map((attempt) => ({ ...attempt, state: "ACCEPTED" as const, nextAt }));
      const refunds = [{ refund: file.refund, isNew: false, attempts }];
      await the().payments.commit(change(file.payment, { refunds }));
      return file.refund.id;
    };
    const ids = [await due(1_000), await due(5_000), await due(-60_000)];
    const claimed = await the().refundQueue.claimDue(1_000);
    const polls = claimed.filter(({ refundId }) => ids.includes(refundId));
    expect(polls).toEqual([
      { refundId: ids[1], kind: "poll" },
      { refundId: ids[0], kind: "poll" },
    ]);
  });
}
