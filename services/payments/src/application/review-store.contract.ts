import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mismatchOf, type RecordedMismatch } from "../domain/mismatch.ts";
import { flagForReview, type Payment, type ReviewReason } from "../domain/payment.ts";
import { ask, paidPayment } from "../testing/refunding.ts";
import { sampleEvidence } from "../testing/samples.ts";
import { open } from "../testing/settled.ts";
import { attempted, change, created, fileOf, type StoreWorld, scopeOf } from "../testing/store-world.ts";
import type { ReviewFilter } from "./list-reviews.ts";

/** What every store of reviews does, and what payment stores keep for it, whatever they are made of. */
export function reviewStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: reviews`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    waiting(() => world);
    showing(() => world);
  });
}

const filter = (part: Partial<ReviewFilter>): ReviewFilter => ({
  applicationId: null,
  mode: "TEST",
  reason: null,
  after: null,
  limit: 10,
  ...part,
});

async function flagged(world: StoreWorld, payment: Payment, ...reasons: ReviewReason[]): Promise<Payment> {
  let { payment: now } = await fileOf(world, payment);
  for (const reason of reasons) now = flagForReview(now, reason, world.now());
  await world.payments.commit(change(now, { payment: now }));
  return (await fileOf(world, payment)).payment;
}

async function cleared(world: StoreWorld, payment: Payment): Promise<void> {
  const { payment: now } = await fileOf(world, payment);
  await world.payments.commit(change(now, { payment: { ...now, reviewReasons: [] } }));
}

function waiting(the: () => StoreWorld): void {
  it("lists what is flagged, the longest waiting first, of one application or of all, page by page", async () => {
    const scope = await scopeOf(the());
    const made: Payment[] = [];
    for (let i = 0; i < 3; i++)
      made.push(await flagged(the(), await created(the(), { scope }), "RISK", "CLAIM_MISMATCH"));
    await created(the(), { scope });
    const ids = made.map(({ id }) => id);
    const list = async (part: Partial<ReviewFilter>) =>
      the().reviews.list(filter({ applicationId: scope.applicationId, ...part }));
    const all = await list({});
    expect(all.map(({ payment }) => payment)).toEqual(made);
    const [first, second] = all;
    const after = { since: first?.since ?? 0, id: first?.payment.id ?? 0 };
    expect((await list({ after, limit: 1 })).map(({ payment }) => payment.id)).toEqual([ids[1]]);
    expect(await list({ after: { since: second?.since ?? 0, id: ids[2] ?? 0 }, limit: 1 })).toHaveLength(
      second?.since === all[2]?.since ? 0 : 1,
    );
    expect((await list({ reason: "RISK" })).map(({ payment }) => payment.id)).toEqual(ids);
    expect(await list({ reason: "STUCK_UNKNOWN" })).toEqual([]);
    expect(await list({ mode: "LIVE" })).toEqual([]);
    const everywhere = await the().reviews.list(filter({ limit: 1_000 }));
    expect(everywhere.map(({ payment }) => payment.id)).toEqual(expect.arrayContaining(ids));
  });

  it("counts the wait from the first flag of a row of them, and forgets it when all are off", async () => {
    const payment = await created(the());
    const { applicationId } = payment.scope;
    const list = async () => the().reviews.list(filter({ applicationId }));
    await flagged(the(), payment, "RISK");
    const [first] = await list();
    await flagged(the(), payment, "CLAIM_MISMATCH");
    const [second] = await list();
    expect(second?.since).toBe(first?.since);
    expect(second?.flags.map(({ reason }) => reason).sort()).toEqual(["CLAIM_MISMATCH", "RISK"]);
    for (const { raisedAt } of second?.flags ?? [])
      expect(raisedAt).toBeGreaterThanOrEqual(first?.since ?? 0);
    await cleared(the(), payment);
    expect(await list()).toEqual([]);
  });
}

function showing(the: () => StoreWorld): void {
  it("shows money that differs, with what became of it", async () => {
    const { payment, attempt } = await attempted(the(), await created(the()));
    const charged = { amountMinor: 7n, currency: "USD" };
    const evidence = sampleEvidence(open(payment), "pay_named-1", {
      charged,
      accountRef: null,
      settled: null,
    });
    const told = async (n: number): Promise<RecordedMismatch> => {
      const one = { ...evidence, gatewayRef: `${evidence.gatewayRef}-${n}` };
      const mismatch = mismatchOf("CURRENCY_MISMATCH", one, attempt.account, the().now());
      return { ...mismatch, id: await the().payments.nextChargeId(), attemptId: attempt.id, state: "OPEN" };
    };
    const both = [await told(1), await told(2)];
    await the().payments.commit(change(payment, { mismatches: both }));
    expect((await fileOf(the(), payment)).mismatches).toEqual(both);
    const [one, other] = both;
    if (!one || !other) throw new Error("two were told of");
    const dismissed: RecordedMismatch = { ...one, state: "DISMISSED" };
    const reloaded = (await fileOf(the(), payment)).payment;
    await the().payments.commit(change(reloaded, { mismatches: [dismissed] }));
    expect((await fileOf(the(), payment)).mismatches).toEqual([dismissed, other]);
    await flagged(the(), payment, "CURRENCY_MISMATCH");
    const { applicationId } = payment.scope;
    const [review] = await the().reviews.list(filter({ applicationId }));
    const askedReference = attempt.merchantRef;
    expect(review?.mismatches).toEqual([
      { ...other, askedReference },
      { ...dismissed, askedReference },
    ]);
  });

  it("shows money that is held until a refund returns it, and refunds in doubt", async () => {
    const payment = await paidPayment(the());
    const { applicationId } = payment.scope;
    const list = async () => (await the().reviews.list(filter({ applicationId })))[0];
    const [held] = (await list())?.held ?? [];
    expect(held).toMatchObject({ kind: "EXTRA", charged: { amountMinor: 10_000n, currency: "BDT" } });
    const { refund } = await ask(the(), payment, { late: true, amountMinor: 10_000n });
    expect(await list()).toMatchObject({ held: [], refundsInDoubt: [] });
    const file = await the().refunds.file(refund.id);
    const attempts = file?.attempts.map((one) => ({ ...one, state: "UNKNOWN" as const, nextAt: null })) ?? [];
    const now = (await fileOf(the(), payment)).payment;
    await the().payments.commit(change(now, { refunds: [{ refund, isNew: false, attempts }] }));
    expect(await list()).toMatchObject({ refundsInDoubt: [refund.id] });
  });
}
