import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { close, type Payment } from "../domain/payment.ts";
import { attempted, change, created, fileOf, type StoreWorld } from "../testing/store-world.ts";

const PLENTY = 1_000;

/** What every inquiry queue does, whatever it is made of. */
export function inquiryQueueContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: inquiries`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    claiming(() => world);
    expiring(() => world);
  });
}

/** An attempt that was due this many milliseconds ago. */
const due = async (world: StoreWorld, agoMs: number, hint: string | null = null) =>
  attempted(world, await created(world), { nextInquiryAt: world.now() - agoMs, hint });

function claiming(the: () => StoreWorld): void {
  it("hands out what is due, the longest due first, with its hint, and nothing else", async () => {
    const later = await due(the(), -60_000);
    const second = await due(the(), 2_000, "val_7");
    const first = await due(the(), 3_000);
    const never = await attempted(the(), await created(the()), { nextInquiryAt: null });
    const claimed = await the().queue.claimDue(PLENTY);
    expect(claimed).toEqual([
      { paymentReference: first.payment.reference, attemptNo: 1, hint: null },
      { paymentReference: second.payment.reference, attemptNo: 1, hint: "val_7" },
    ]);
    expect(await the().queue.claimOne(later.attempt.id)).toBeNull();
    expect(await the().queue.claimOne(never.attempt.id)).toBeNull();
    expect(await the().queue.claimOne(999_999)).toBeNull();
  });

  it("hands out no more than asked for", async () => {
    await due(the(), 1_000);
    await due(the(), 1_000);
    expect(await the().queue.claimDue(1)).toHaveLength(1);
    expect(await the().queue.claimDue(PLENTY)).toHaveLength(1);
  });

  it("leases what it hands out, to nobody else, until the lease ends", async () => {
    const { payment, attempt } = await due(the(), 1_000);
    expect(await the().queue.isLeased(attempt.id)).toBe(false);
    expect(await the().queue.claimOne(attempt.id)).toMatchObject({ paymentReference: payment.reference });
    expect(await the().queue.isLeased(attempt.id)).toBe(true);
    expect(await the().queue.claimOne(attempt.id)).toBeNull();
    expect(await the().queue.claimDue(PLENTY)).toEqual([]);
    await the().endLeases();
    expect(await the().queue.isLeased(attempt.id)).toBe(false);
    expect(await the().queue.claimOne(attempt.id)).not.toBeNull();
  });

  it("ends the lease with the commit of the answer, and with no other commit", async () => {
    const { payment, attempt } = await due(the(), 1_000);
    await the().queue.claimOne(attempt.id);
    const touch = { attempts: [attempt] };
    await the().payments.commit(change(payment, touch));
    expect(await the().queue.isLeased(attempt.id)).toBe(true);
    const again = (await fileOf(the(), payment)).payment;
    const inquiry = {
      attemptId: attempt.id,
      operation: "inquire" as const,
      askedAt: the().now(),
      tookMs: 1,
      verdict: { outcome: "unknown" as const, cause: "timeout" as const, sent: true },
      finding: null,
      moved: false,
      refuted: false,
    };
    await the().payments.commit(change(again, { ...touch, inquiry }));
    expect(await the().queue.isLeased(attempt.id)).toBe(false);
    expect(await the().inquiries(payment.id)).toEqual(["inquire unknown"]);
  });
}

function expiring(the: () => StoreWorld): void {
  const past = (): { createdAt: number } => ({ createdAt: the().now() - 3_600_000 });
  const overdue = async (payment: Payment): Promise<boolean> =>
    (await the().queue.overdue(PLENTY)).includes(payment.reference);

  it("calls a payment without a session overdue once its time is over", async () => {
    expect(await overdue(await created(the(), past()))).toBe(true);
    expect(await overdue(await created(the()))).toBe(false);
  });

  it("leaves a payment alone that had a session, closed or not, because the gateway is asked first", async () => {
    const payment = await created(the(), past());
    await attempted(the(), payment, { state: "REJECTED" });
    expect(await overdue(payment)).toBe(true);
    await attempted(the(), payment, { state: "EXPIRED" });
    expect(await overdue(payment)).toBe(false);
    const lost = await created(the(), past());
    await attempted(the(), lost, { state: "UNKNOWN" });
    expect(await overdue(lost)).toBe(false);
  });

  it("leaves a payment alone that waits for a person because figures differ", async () => {
    const payment = await created(the(), past());
    const flagged: Payment = { ...payment, reviewReasons: ["AMOUNT_MISMATCH"] };
    await the().payments.commit(change(flagged));
    expect(await overdue(payment)).toBe(false);
  });

  it("leaves a payment alone that is closed", async () => {
    const payment = await created(the(), past());
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    await the().payments.commit(change(payment, close(payment, "EXPIRED", null, "time.over", the().now())));
    expect(await overdue(payment)).toBe(false);
  });

  it("names the longest overdue first and no more than asked for", async () => {
    const older = await created(the(), { createdAt: the().now() - 7_200_000 });
    await created(the(), past());
    expect(await the().queue.overdue(1)).toEqual([older.reference]);
  });
}
