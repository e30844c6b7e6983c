import { VersionConflict } from "@oi/kernel/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CreateRefundPorts, createRefund, type RefundWish } from "../../application/create-refund.ts";
import type { IdempotencyKey } from "../../application/ports.ts";
import type { Payment } from "../../domain/payment.ts";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { ask, paidPayment } from "../../testing/refunding.ts";
import { sampleRefundReference } from "../../testing/samples.ts";
import { settle } from "../../testing/settled.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld(3_000);
});
afterAll(() => world[Symbol.asyncDispose]());

const times = <T>(n: number, work: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => work(i));

function refunding(payment: Payment) {
  const ids = { refundReference: sampleRefundReference };
  const ports: CreateRefundPorts = { refunds: world.refunds, ids, clock: world, wakeRefunds: () => {} };
  const create = createRefund(ports);
  return (amountMinor: bigint, idempotency: IdempotencyKey | null = null) => {
    const { id: paymentId, scope } = payment;
    const wish: RefundWish = {
      scope,
      paymentId,
      amountMinor,
      reason: "",
      receiptId: null,
      createdBy: "app:1",
      byOperator: false,
    };
    return create(wish, { requestId: "r", idempotency });
  };
}

async function sums({ id }: Payment) {
  const [row] = await world.admin`
    select p.reserved_minor::int as reserved, p.paid_minor::int as paid,
      (select coalesce(sum(amount_minor), 0)::int from refund r where r.payment_id = p.id
        and r.status not in ('FAILED', 'REJECTED') and r.origin = 'MERCHANT') as refunds,
      (select count(*)::int from outbox o where o.aggregate = p.reference and o.subject = 'payments.refund.requested') as events
    from payment p where p.id = ${id}`;
  return row;
}

describe("fifty refunds of one payment at once", () => {
  it("of 60 of 100 are one refund, and never more than was paid", async () => {
    const payment = await paidPayment(world);
    const refund = refunding(payment);
    const results = await Promise.allSettled(times(50, () => refund(6_000n)));
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(49);
    for (const { reason } of refused) expect(reason).toMatchObject({ reason: "INVALID_OPERATION_STATE" });
    expect(await sums(payment)).toEqual({ reserved: 6_000, paid: 10_000, refunds: 6_000, events: 1 });
  });

  it("of any amounts fill what was paid and no more", async () => {
    const payment = await paidPayment(world);
    const refund = refunding(payment);
    const results = await Promise.allSettled(times(50, (i) => refund(BigInt(100 + i * 37))));
    const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.refund] : []));
    const total = made.reduce((sum, { amount }) => sum + amount.amountMinor, 0n);
    expect(total).toBeLessThanOrEqual(10_000n);
    const refunds = Number(total);
    expect(await sums(payment)).toEqual({ reserved: refunds, paid: 10_000, refunds, events: made.length });
  });

  it.each([1_000, 10_000])(
    "of %i with one key are one refund and one answer, also when nothing is left",
    async (amount) => {
      const payment = await paidPayment(world);
      const refund = refunding(payment);
      const key = { route: "POST /payments/{id}/refunds", key: "fifty", fingerprint: new Uint8Array(32) };
      const answers = await Promise.all(times(50, () => refund(BigInt(amount), key)));
      expect(new Set(answers.map((answer) => answer.refund.id)).size).toBe(1);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await sums(payment)).toEqual({ reserved: amount, paid: 10_000, refunds: amount, events: 1 });
    },
  );

  it("of a converted charge add up to its gross amount to the unit", async () => {
    const charged = { amountMinor: 10_000n, currency: "EUR" };
    const gross = { amountMinor: 1_022_884n, currency: "BDT" };
    const { settled } = await settle(world, { charged, gross, settled: gross }, { amount: charged });
    const refund = refunding(settled);
    for (const amount of [3_333n, 3_333n, 3_334n]) await refund(amount);
    const rows = await world.admin`
      select gateway_minor::int as minor, gateway_currency as currency from refund where payment_id = ${settled.id} order by id`;
    expect(rows.map(({ minor }) => minor)).toEqual([340_927, 340_927, 341_030]);
    expect(rows.every(({ currency }) => currency === "BDT")).toBe(true);
  });
});

it("returns a late charge once, however many ask at once", async () => {
  const payment = await paidPayment(world);
  const late = { late: true, amountMinor: 10_000n };
  const results = await Promise.allSettled(
    times(10, (i) => ask(world, payment, { ...late, createdBy: `op-${i}` })),
  );
  const lost = results.filter((result) => result.status === "rejected");
  expect(lost).toHaveLength(9);
  for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflict);
});

it("refuses a sum beyond what was paid in the database itself", async () => {
  const payment = await paidPayment(world);
  const over = world.admin`update payment set reserved_minor = 10001 where id = ${payment.id}`;
  await expect(over).rejects.toMatchObject({ code: "23514" });
});

it("never hands one refund to two of four workers", async () => {
  const payments = await Promise.all(times(8, () => paidPayment(world)));
  await Promise.all(payments.flatMap((payment) => times(3, () => ask(world, payment))));
  const claimed: number[] = [];
  const worker = async (): Promise<void> => {
    for (;;) {
      const some = await world.refundQueue.claimDue(3);
      if (some.length === 0) return;
      claimed.push(...some.map(({ refundId }) => refundId));
    }
  };
  await Promise.all(times(4, worker));
  expect(claimed.length).toBeGreaterThanOrEqual(24);
  expect(new Set(claimed).size).toBe(claimed.length);
});
