import { setTimeout as sleep } from "node:timers/promises";
import type { FaultBench, PaymentView, PaymentWish } from "./fault-bench.ts";

/** What is left of a payment when everything is over, in the words of the simulator's scenario files. */
export type End = {
  readonly payment: string;
  readonly refunds: readonly string[];
  /** Events that a merchant is told of, in their order. */
  readonly webhooks: readonly string[];
  /** How often the gateway took money, by its own books. */
  readonly charges: number;
  readonly reviews: readonly string[];
};

const CLICKS = 40;

/** A customer who clicks until it leads somewhere, as one does, or until there is nothing left to pay. */
export async function openAtLast({ call }: FaultBench, { reference }: PaymentView): Promise<void> {
  for (let click = 0; click < CLICKS; click++) {
    const answer = await call("CheckoutService/OpenCheckout", { reference });
    // An answer that was lost on its way does not keep the gateway's customer from paying.
    if (answer.ok || answer.reason === "INVALID_OPERATION_STATE") return;
    if (answer.code !== "unavailable") throw new Error(JSON.stringify(answer.body));
    await sleep(120);
  }
  throw new Error(`${reference} cannot be opened`);
}

/** A payment whose customer is at the gateway, in the session of its newest attempt. */
export async function atGateway(bench: FaultBench, wish: PaymentWish = {}): Promise<PaymentView> {
  const payment = await bench.create(wish);
  await openAtLast(bench, payment);
  return payment;
}

/** Refunds all or a part of what was paid; the gateway is told by the worker. */
export async function refund(bench: FaultBench, { id }: PaymentView, amountMinor: bigint): Promise<void> {
  await bench.ok("RefundsService/CreateRefund", {
    ...bench.scope,
    paymentId: id,
    amountMinor,
    idempotencyKey: `refund-${id}`,
  });
}

/** What the customer does in the session of the newest attempt. */
export async function act(bench: FaultBench, payment: PaymentView, choice: object = {}): Promise<void> {
  const [newest] = await bench.sql<{ session_key: string }[]>`
    select session_key from gateway_attempt where payment_id = ${payment.id} order by no desc limit 1`;
  await bench.gateway.call(`sessions/${newest?.session_key}/act`, choice);
}

/** The reference that the gateway knows the payment's newest session by. */
export async function merchantRef({ sql }: FaultBench, { id }: PaymentView): Promise<string> {
  const [newest] = await sql<{ merchant_ref: string }[]>`
    select merchant_ref from gateway_attempt where payment_id = ${id} order by no desc limit 1`;
  return newest?.merchant_ref ?? "";
}

const TOLD = /^payments\.((payment|refund)\.(succeeded|failed|cancelled|expired))$/;

type EndRow = {
  readonly reference: string;
  readonly status: string;
  readonly reviews: readonly string[];
  readonly refunds: readonly string[];
  readonly subjects: readonly string[];
};

/** The ends of these payments by their references. */
export async function endsOf(
  { sql, gateway }: FaultBench,
  payments: readonly PaymentView[],
): Promise<ReadonlyMap<string, End>> {
  const rows = await sql<EndRow[]>`
    select p.reference, p.status, p.review_reasons as reviews,
      array(select r.status from refund r where r.payment_id = p.id order by r.id) as refunds,
      array(select o.subject from outbox o where o.aggregate = p.reference order by o.seq) as subjects
    from payment p where p.id = any(${payments.map(({ id }) => id)})`;
  const { charges } = (await gateway.call("charges")) as { charges: { tranId: string }[] };
  const ends = rows.map(({ reference, status, reviews, refunds, subjects }): [string, End] => [
    reference,
    {
      payment: status,
      refunds,
      webhooks: subjects.flatMap((subject) => TOLD.exec(subject)?.[1] ?? []),
      charges: charges.filter(({ tranId }) => tranId.startsWith(`${reference}-`)).length,
      reviews,
    },
  ]);
  return new Map(ends);
}

export async function endOf(bench: FaultBench, payment: PaymentView): Promise<End> {
  const end = (await endsOf(bench, [payment])).get(payment.reference);
  if (!end) throw new Error(`${payment.reference} is gone`);
  return end;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Milliseconds until the first and until the last payment expires. */
async function untilExpiry({ sql }: FaultBench): Promise<{ first: number; last: number }> {
  const [row] = await sql<{ first: number; last: number }[]>`
    select (extract(epoch from min(expires_at) - clock_timestamp()) * 1000)::float8 as first,
      (extract(epoch from max(expires_at) - clock_timestamp()) * 1000)::float8 as last from payment`;
  return row ?? { first: 0, last: 0 };
}

async function passSteps(bench: FaultBench, steps: readonly number[]): Promise<void> {
  for (const ms of steps) await bench.pass(Math.round(ms));
}

/** The first half hour of payments that were just opened, until shortly before they expire. */
export async function liveToExpiry(bench: FaultBench): Promise<void> {
  const [second, minute] = [SECOND_MS, MINUTE_MS];
  const steps = [2.5, 3, 5, 7, 10, 16].map((seconds) => seconds * second);
  await passSteps(bench, [...steps, minute, minute, 2 * minute, 5 * minute, 10 * minute]);
  await passSteps(bench, [Math.max(0, (await untilExpiry(bench)).first - 2 * second)]);
}

/** The expiry second by second, for what ends then and what comes a moment later; then two days. */
export async function liveOn(bench: FaultBench): Promise<void> {
  const { last } = await untilExpiry(bench);
  await passSteps(
    bench,
    Array.from({ length: Math.ceil(last / SECOND_MS) + 5 }, () => SECOND_MS),
  );
  const [minute, hour] = [MINUTE_MS, HOUR_MS];
  await passSteps(bench, [minute, 5 * minute, 11 * minute, hour, hour, 3 * hour, 20 * hour, 25 * hour]);
}

export async function passDays(bench: FaultBench, ...days: readonly number[]): Promise<void> {
  await passSteps(
    bench,
    days.map((count) => count * 24 * HOUR_MS),
  );
}

/** Works through the list, so many at the same time. */
export async function atOnce<T>(width: number, works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const list = works.entries();
  const worker = async (): Promise<void> => {
    for (const [i, work] of list) results[i] = await work();
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
