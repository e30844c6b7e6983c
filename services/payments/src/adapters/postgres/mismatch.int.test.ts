import { afterAll, beforeAll, expect, it } from "vitest";
import { confirmMismatch } from "../../application/confirm-mismatch.ts";
import { createRefund } from "../../application/create-refund.ts";
import { resolveReview } from "../../application/resolve-review.ts";
import { mismatchOf, type RecordedMismatch } from "../../domain/mismatch.ts";
import { flagForReview, type Payment } from "../../domain/payment.ts";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { sampleEvidence, sampleRefundReference } from "../../testing/samples.ts";
import { open } from "../../testing/settled.ts";
import { attempted, change, created, fileOf } from "../../testing/store-world.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const LESS = { amountMinor: 1_000n, currency: "BDT" };
const WISH = { seen: LESS, actor: "karim", note: 'Seen in the "panel"' };

/** A payment for which the gateway took less than was asked. */
async function flagged(): Promise<{ payment: Payment; mismatch: RecordedMismatch }> {
  const { payment, attempt } = await attempted(world, await created(world));
  const evidence = sampleEvidence(open(payment), attempt.merchantRef, {
    charged: LESS,
    gross: LESS,
    settled: null,
  });
  const told = mismatchOf("AMOUNT_MISMATCH", evidence, attempt.account, world.now());
  const mismatch = {
    ...told,
    id: await world.payments.nextChargeId(),
    attemptId: attempt.id,
    state: "OPEN",
  } as const;
  const moved = flagForReview(payment, "AMOUNT_MISMATCH", world.now());
  await world.payments.commit(change(payment, { payment: moved, mismatches: [mismatch] }));
  return { payment, mismatch };
}

const confirm = () => confirmMismatch({ ...world, clock: world, wakeInquiries: () => {} });
const named = (payment: Payment, { id }: RecordedMismatch) => ({
  paymentId: payment.id,
  receiptId: id,
  scope: payment.scope,
});

it("confirms differing money once, however many ask with one key, and tells of it once", async () => {
  const { payment, mismatch } = await flagged();
  const key = { route: "ConfirmMismatch", key: "k", fingerprint: new Uint8Array(32) };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => confirm()(named(payment, mismatch), WISH, key)),
  );
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ status: payment.status, reviewReasons: [] });
  const charges = await world.admin`select id, kind from charge where payment_id = ${payment.id}`;
  expect([...charges]).toEqual([{ id: String(mismatch.id), kind: "MISMATCH" }]);
  const published = (await world.published(payment.reference)).map(({ type }) => type);
  expect(published.filter((type) => type === "mismatch.confirmed")).toHaveLength(1);
  const audited = await world.audited(payment.scope.applicationId);
  expect(audited.filter((said) => said === "karim mismatch.confirmed")).toHaveLength(1);
  expect((await fileOf(world, payment)).mismatches).toMatchObject([{ state: "CONFIRMED" }]);
});

it("returns confirmed money once, however many ask at the same moment", async () => {
  const { payment, mismatch } = await flagged();
  await confirm()(named(payment, mismatch), WISH);
  const ids = { refundReference: sampleRefundReference };
  const refund = createRefund({ ...world, ids, clock: world, wakeRefunds: () => {} });
  const wish = {
    scope: payment.scope,
    paymentId: payment.id,
    amountMinor: 1_000n,
    reason: "",
    byOperator: true,
  };
  const asked = await Promise.allSettled(
    Array.from({ length: 6 }, () =>
      refund({ ...wish, receiptId: mismatch.id, createdBy: "rahim" }, { requestId: "r", idempotency: null }),
    ),
  );
  const made = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value.refund] : []));
  expect(made).toMatchObject([{ origin: "MISMATCH", originRef: String(mismatch.attemptId), amount: LESS }]);
  for (const one of asked)
    if (one.status === "rejected") expect(one.reason).toMatchObject({ reason: "INVALID_OPERATION_STATE" });
  const [sums] = await world.admin`select reserved_minor, paid_minor from payment where id = ${payment.id}`;
  expect(sums).toEqual({ reserved_minor: "0", paid_minor: "0" });
});

it("takes a flag off once under one key, and remembers the figures", async () => {
  const { payment } = await flagged();
  const key = { route: "ResolveReview", key: "k", fingerprint: new Uint8Array(32) };
  const wish = { reason: "AMOUNT_MISMATCH", actor: "karim", note: "Not ours" } as const;
  const resolve = resolveReview({ ...world, clock: world });
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => resolve(payment.id, payment.scope, wish, key)),
  );
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect((await fileOf(world, payment)).mismatches).toMatchObject([{ state: "DISMISSED" }]);
  const rows =
    await world.admin`select raised, actor from payment_review where payment_id = ${payment.id} order by id`;
  expect([...rows]).toEqual([
    { raised: true, actor: "system" },
    { raised: false, actor: "karim" },
  ]);
});
