import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seeded } from "../testing/callback-kit.ts";
import { type FaultBench, type PaymentView, startFaultBench } from "../testing/fault-bench.ts";
import { act, atGateway, atOnce, endOf } from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, HTTP to the simulator as a process. Doubles: the simulator is the gateway,
 * with a clock of its own that is moved; our clock is moved by moving what is stored. Judge: the rows of the database.
 */
const HOUR_MS = 3_600_000;

let bench: FaultBench;
beforeAll(async () => {
  bench = await startFaultBench();
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const statusOf = async (payment: PaymentView): Promise<string> => (await endOf(bench, payment)).payment;

async function questionsSinceExpiry({ id }: PaymentView): Promise<number> {
  const [row] = await bench.sql<{ n: number }[]>`
    select count(*)::int as n from gateway_inquiry i join payment p on p.id = i.payment_id
    where p.id = ${id} and i.asked_at >= p.expires_at and i.outcome <> 'unknown'`;
  return row?.n ?? 0;
}

it("a clock that jumps ahead expires nothing before the gateway was asked at the new time", async () => {
  const payment = await atGateway(bench);
  await bench.gateway.call("outage", { ops: ["query", "validate"], mode: "500", forMs: 600_000 });
  await bench.passHere(2 * HOUR_MS);
  expect([await statusOf(payment), await questionsSinceExpiry(payment)]).toEqual(["PENDING", 0]);
  await bench.gateway.call("outage", { ops: ["query", "validate"], forMs: 0 });
  await bench.passHere(2 * HOUR_MS);
  await eventually(async () => expect(await statusOf(payment)).toBe("EXPIRED"));
  expect(await questionsSinceExpiry(payment)).toBeGreaterThan(0);
});

it("money that came before our clock jumped is a success all the same", async () => {
  const payment = await atGateway(bench);
  await act(bench, payment, { dropIpn: true, dropReturn: true });
  await bench.passHere(5 * HOUR_MS);
  await eventually(async () => expect(await statusOf(payment)).toBe("SUCCEEDED"));
});

it("a clock that jumps back asks later, and loses nothing", async () => {
  const payment = await atGateway(bench);
  await act(bench, payment, { dropIpn: true, dropReturn: true });
  await bench.passHere(-2 * HOUR_MS);
  expect(await statusOf(payment)).toBe("PENDING");
  await bench.passHere(2 * HOUR_MS + 31_000);
  await eventually(async () => expect(await statusOf(payment)).toBe("SUCCEEDED"));
});

it.each([-30, 30])(
  "the gateway's clock may be wrong by %i days: the times of a payment are ours",
  async (days) => {
    const tranDateSkewMs = days * 24 * HOUR_MS;
    const payment = await bench.create();
    await bench.gateway.addRule(`${payment.reference}-*`, { policy: { tranDateSkewMs } });
    await bench.ok("CheckoutService/OpenCheckout", { reference: payment.reference });
    await act(bench, payment);
    await eventually(async () => expect(await statusOf(payment)).toBe("SUCCEEDED"));
    const [row] = await bench.sql`
    select abs(extract(epoch from paid_at - clock_timestamp())) < 60 as is_ours from payment where id = ${payment.id}`;
    expect(row).toEqual({ is_ours: true });
  },
);

it("the gateway's clock may leap over the end of the session: what it then says is weighed by ours", async () => {
  const payment = await atGateway(bench);
  await bench.gateway.call("clock", { advanceMs: 2 * HOUR_MS });
  await bench.settle();
  // Its session ran out; before our own expiry the customer may open another one.
  expect(await statusOf(payment)).toBe("PENDING");
  await bench.ok("CheckoutService/OpenCheckout", { reference: payment.reference });
  await act(bench, payment);
  await eventually(async () => expect(await statusOf(payment)).toBe("SUCCEEDED"));
});

it("a click while the payment expires opens one session or none", async () => {
  const chance = seeded(7);
  const play = async (): Promise<PaymentView> => {
    const payment = await bench.create();
    const inMs = 100 + chance() * 1_200;
    await bench.sql`
      update payment set expires_at = clock_timestamp() + ${inMs} * interval '1 millisecond' where id = ${payment.id}`;
    await sleep(inMs - 3 + chance() * 6);
    const clicks = await Promise.all(
      [1, 2].map(() => bench.call("CheckoutService/OpenCheckout", { reference: payment.reference })),
    );
    for (const { ok, reason } of clicks)
      expect(ok ? null : reason).toBe(ok ? null : "INVALID_OPERATION_STATE");
    return payment;
  };
  const payments = await atOnce(
    8,
    Array.from({ length: 24 }, () => play),
  );
  await bench.pass(HOUR_MS);
  await eventually(async () => {
    const seen = await bench.sql`
      select p.status, count(a.id)::int <= 1 as at_most_one from payment p
      left join gateway_attempt a on a.payment_id = p.id
      where p.id = any(${payments.map(({ id }) => id)}) group by p.id`;
    expect(seen).toEqual(payments.map(() => ({ status: "EXPIRED", at_most_one: true })));
  });
});
