import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultBench, type PaymentView, startFaultBench } from "../testing/fault-bench.ts";
import { act, atGateway, atOnce } from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, HTTP to the simulator as a process. Double: the simulator is a gateway that
 * believes something else than what was asked for. Judge: the rows of the database; ledger and webhooks hear of a
 * payment by its events alone, so what has no event was posted and told nowhere.
 */
type Lie = readonly [what: string, truth: Readonly<Record<string, string>>, flag: string | null];

const LIES: readonly Lie[] = [
  ["less was paid", { amount: "99.99" }, "AMOUNT_MISMATCH"],
  ["more was paid", { amount: "100.01" }, "AMOUNT_MISMATCH"],
  ["a hundred times as much was paid", { amount: "10000.00" }, "AMOUNT_MISMATCH"],
  ["a hundredth was paid", { amount: "1.00" }, "AMOUNT_MISMATCH"],
  ["nothing was paid", { amount: "0.00" }, "AMOUNT_MISMATCH"],
  ["another currency was paid", { currency: "USD" }, "CURRENCY_MISMATCH"],
  ["another store was paid", { storeId: "otherstore" }, "STORE_MISMATCH"],
  ["another reference was paid", { tranId: "pay_somebodyelse-1" }, "REFERENCE_MISMATCH"],
  ["a negative amount was paid", { amount: "-100.00" }, null],
  ["an amount with three decimals was paid", { amount: "100.000" }, null],
  ["an amount in scientific notation was paid", { amount: "1e2" }, null],
  ["an amount with a separator was paid", { amount: "1,00.00" }, null],
];

let bench: FaultBench;
const told = new Map<string, PaymentView>();
const untold = new Map<string, PaymentView>();

async function lie([what, truth]: Lie, among: Map<string, PaymentView>, choice: object): Promise<void> {
  const payment = await atGateway(bench);
  await bench.gateway.addRule(`${payment.reference}-*`, { truth });
  await act(bench, payment, choice);
  among.set(what, payment);
}

beforeAll(async () => {
  bench = await startFaultBench();
  await atOnce(
    6,
    LIES.flatMap((one) => [
      () => lie(one, told, {}),
      () => lie(one, untold, { dropIpn: true, dropReturn: true }),
    ]),
  );
  // Through the first questions, the expiry, and far beyond it.
  for (const minutes of [1, 5, 24, 2, 60, 600]) await bench.pass(minutes * 60_000);
}, 150_000);
afterAll(() => bench?.[Symbol.asyncDispose]());

async function seen({ id, reference }: PaymentView) {
  const [row] = await bench.sql`
    select p.status, p.paid_minor::int as paid, p.review_reasons as reviews,
      (select count(*)::int from charge c where c.payment_id = p.id) as charges,
      (select count(*)::int from refund r where r.payment_id = p.id) as refunds,
      array(select o.subject from outbox o where o.aggregate = ${reference} order by o.seq) as events
    from payment p where p.id = ${id}`;
  return row;
}

describe.each([
  ["told of it", told],
  ["silent about it", untold],
] as const)("by a gateway that lies, %s", (_, payments) => {
  it.each(LIES)("nothing moves when %s", async (what, _truth, flag) => {
    const payment = payments.get(what);
    if (!payment) throw new Error(`${what} was not played`);
    expect(await seen(payment)).toEqual({
      status: "PENDING",
      paid: 0,
      reviews: flag === null ? [] : [flag],
      charges: 0,
      refunds: 0,
      events: ["payments.payment.created", "payments.payment.opened"],
    });
    const view = await bench.ok<{ payment: { underReview?: boolean } }>("PaymentsService/GetPayment", {
      ...bench.scope,
      id: payment.id,
    });
    expect(view.payment.underReview ?? false).toBe(flag !== null);
  });
});
