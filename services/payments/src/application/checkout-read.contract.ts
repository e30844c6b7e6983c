import { expect, it } from "vitest";
import { chargeOf } from "../domain/charge.ts";
import type { CheckoutFile } from "../domain/checkout.ts";
import { isPaid, markRefunded, type Payment } from "../domain/payment.ts";
import { type Refund, succeed } from "../domain/refund.ts";
import { ask, paidPayment, refundFile } from "../testing/refunding.ts";
import { sampleClaim, sampleEvidence as samplePaid, uniqueNumber } from "../testing/samples.ts";
import { attempted, change, created, register, type StoreWorld } from "../testing/store-world.ts";
import type { CallbackEvidence } from "./ports.ts";

const NONE_DIFFERS = { undecided: 0, dismissed: 0, confirmed: 0, returning: 0, returned: 0 };

async function read(world: StoreWorld, { reference }: Pick<Payment, "reference">): Promise<CheckoutFile> {
  const file = await world.payments.checkoutByReference(reference);
  if (!file) throw new Error(`${reference} is gone`);
  return file;
}

/** The gateway did what a refund asked for; of the payment's own money it moves the payment. */
async function complete(world: StoreWorld, refund: Refund): Promise<Refund> {
  const file = await refundFile(world, refund);
  if (file.refund.status !== "PENDING" || !isPaid(file.payment)) throw new Error("nothing to complete");
  const now = world.now();
  const done = succeed(file.refund, `R${refund.id}`, now);
  const moved =
    refund.origin === "MERCHANT" ? markRefunded(file.payment, refund.amount.amountMinor, now) : {};
  const attempts = file.attempts.map((attempt) => ({
    ...attempt,
    state: "SUCCEEDED" as const,
    gatewayRefundId: `R${refund.id}`,
    acceptedAt: now,
    nextAt: null,
  }));
  await world.payments.commit(
    change(file.payment, { ...moved, refunds: [{ refund: done, isNew: false, attempts }] }),
  );
  return done;
}

/** Nobody knows whether the gateway took the refund's try; or it is known again. */
async function inDoubt(world: StoreWorld, refund: Refund, isInDoubt: boolean): Promise<void> {
  const file = await refundFile(world, refund);
  const state = isInDoubt ? ("UNKNOWN" as const) : ("READY" as const);
  const attempts = file.attempts.map((attempt) => ({ ...attempt, state, nextAt: null }));
  await world.payments.commit(
    change(file.payment, { refunds: [{ refund: file.refund, isNew: false, attempts }] }),
  );
}

function sampleCallback(): CallbackEvidence {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(28, uniqueNumber());
  const parts = { gateway: "SSLCOMMERZ", channel: "return", digest, reference: null } as const;
  return { ...parts, claim: sampleClaim(), rawPayload: "x", remoteAddress: "192.0.2.1" };
}

/** The part of a payment store's contract that is about the checkout page. */
export function readingCheckouts(the: () => StoreWorld): void {
  it("gives a new payment's checkout, with its application's name and policy", async () => {
    const { id: applicationId, name } = await register(the(), { latePaymentPolicy: "HOLD" });
    const payment = await created(the(), { scope: { applicationId, mode: "LIVE" } });
    expect(await read(the(), payment)).toEqual({
      payment,
      applicationName: name,
      latePaymentPolicy: "HOLD",
      awaitingConfirmation: false,
      method: null,
      refundedAt: null,
      lateSums: { receivedMinor: 0n, returnedMinor: 0n, returningMinor: 0n },
      differing: NONE_DIFFERS,
    });
    expect(await the().payments.checkoutByReference(`pay_${"1".repeat(22)}`)).toBeNull();
  });

  it("knows whether a callback of an open payment waits for the gateway's answer", async () => {
    const { payment } = await attempted(the(), await created(the()));
    expect((await read(the(), payment)).awaitingConfirmation).toBe(false);
    const target = await the().callbacks.targetByReference(payment.reference);
    await the().callbacks.record(
      sampleCallback(),
      { outcome: "PENDING_VERIFICATION", note: null, ask: true, claimDiffers: false },
      target,
    );
    expect((await read(the(), payment)).awaitingConfirmation).toBe(true);
  });

  it("names how a payment was paid, without any digits, and what went back of it, and when", async () => {
    const payment = await paidPayment(the());
    expect((await read(the(), payment)).method).toEqual({ channel: "VISA", brand: "VISA" });
    const { refund } = await ask(the(), payment, { amountMinor: 400n });
    expect((await read(the(), payment)).refundedAt).toBeNull();
    const done = await complete(the(), refund);
    expect(await read(the(), payment)).toMatchObject({
      payment: { status: "PARTIALLY_REFUNDED", paid: { refundedMinor: 400n } },
      refundedAt: done.updatedAt,
    });
  });

  it("counts money that differs from what was asked, which is neither the payment's nor late", async () => {
    const { payment, attempt } = await attempted(the(), await created(the()));
    if (payment.status !== "PENDING" && payment.status !== "CREATED") throw new Error("not open");
    const evidence = samplePaid(payment, attempt.merchantRef, { gatewayRef: `val_${payment.reference}` });
    const charge = {
      ...chargeOf("MISMATCH", evidence, attempt.account, the().now()),
      id: await the().payments.nextChargeId(),
      attemptId: attempt.id,
    };
    const named = { namedReference: attempt.merchantRef, namedStore: null, charge, attemptId: attempt.id };
    const told = { ...named, reason: "AMOUNT_MISMATCH", id: charge.id } as const;
    const [other, third] = [await the().payments.nextChargeId(), await the().payments.nextChargeId()];
    const mismatches = [
      { ...told, state: "CONFIRMED" as const },
      { ...told, id: other, state: "DISMISSED" as const },
      { ...told, id: third, state: "OPEN" as const },
    ];
    await the().payments.commit(change(payment, { charges: [charge], mismatches }));
    const { lateSums, method, differing } = await read(the(), payment);
    expect({ lateSums, method, differing }).toEqual({
      lateSums: { receivedMinor: 0n, returnedMinor: 0n, returningMinor: 0n },
      method: null,
      differing: { ...NONE_DIFFERS, undecided: 1, dismissed: 1, confirmed: 1 },
    });
  });

  it("tells money that came twice from the payment's own, on its way back and when it is back", async () => {
    const payment = await paidPayment(the());
    const { refund: own } = await ask(the(), payment, { amountMinor: 400n });
    await complete(the(), own);
    const sums = async () => (await read(the(), payment)).lateSums;
    expect(await sums()).toEqual({ receivedMinor: 10_000n, returnedMinor: 0n, returningMinor: 0n });
    const { refund } = await ask(the(), payment, { late: true, amountMinor: 10_000n });
    expect(await sums()).toMatchObject({ returnedMinor: 0n, returningMinor: 10_000n });
    // Neither who waits for another person's yes nor who waits for an answer is on the way.
    await inDoubt(the(), refund, true);
    expect(await sums()).toMatchObject({ returnedMinor: 0n, returningMinor: 0n });
    await inDoubt(the(), refund, false);
    expect(await sums()).toMatchObject({ returnedMinor: 0n, returningMinor: 10_000n });
    const { refundedAt } = await read(the(), payment);
    await complete(the(), refund);
    expect(await sums()).toMatchObject({ returnedMinor: 10_000n, returningMinor: 0n });
    expect((await read(the(), payment)).refundedAt).toBe(refundedAt);
  });
}
