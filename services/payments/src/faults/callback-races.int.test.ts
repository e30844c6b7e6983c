import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { rpcClient } from "@oi/platform/rpc/client";
import { CallbackChannel, CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrangements, forged, keptOf, seeded } from "../testing/callback-kit.ts";
import type { Delivery } from "../testing/edge-stand-in.ts";
import { type FaultBench, type PaymentView, startFaultBench } from "../testing/fault-bench.ts";
import { act, atGateway, atOnce, endOf, endsOf } from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, HTTP to the simulator as a process, which signs every callback. Double: a
 * small server is the edge; it keeps the callbacks, and the test hands them over when it wants. Judge: the database's
 * rows and the simulator's books. `CALLBACK_RACES=1000` runs more races; `FAULT_SEED` repeats a run.
 */
const RACES = Number(process.env.CALLBACK_RACES ?? 100);
const SEED = Number(process.env.FAULT_SEED ?? 7);
const AT_ONCE = 8;
const WITHIN_MS = 8;
/** The edge gives the storing of a callback so long. */
const EDGE_WAITS_MS = 6_000;

let bench: FaultBench;
beforeAll(async () => {
  bench = await startFaultBench({ sandbox: { SANDBOX_RETURN_DELAY_MS: "0" } });
  bench.edge.keep(() => true);
});
afterAll(() => bench?.[Symbol.asyncDispose]());

async function taken(delivery: Delivery): Promise<void> {
  expect(await bench.deliver(delivery)).toMatchObject({ ok: true });
}

async function makeDue({ id }: PaymentView): Promise<void> {
  await bench.sql`update gateway_attempt set next_inquiry_at = clock_timestamp()
    where payment_id = ${id} and next_inquiry_at > clock_timestamp()`;
}

type Trace = {
  readonly steps: readonly string[];
  readonly events: readonly string[];
  readonly charges: readonly string[];
  readonly refunds: number;
  readonly reviews: readonly string[];
};

/** What nobody may see more than once. */
async function traces(payments: readonly PaymentView[]) {
  return bench.sql<Trace[]>`
    select array(select h.to_status from payment_history h where h.payment_id = p.id order by h.version) as steps,
      array(select o.subject from outbox o where o.aggregate = p.reference order by o.seq) as events,
      array(select c.kind from charge c where c.payment_id = p.id) as charges,
      (select count(*)::int from refund r where r.payment_id = p.id) as refunds, p.review_reasons as reviews
    from payment p where p.id = any(${payments.map(({ id }) => id)})`;
}

const PAID_ONCE = {
  steps: ["CREATED", "PENDING", "SUCCEEDED"],
  events: ["payments.payment.created", "payments.payment.opened", "payments.payment.succeeded"],
  charges: ["SETTLEMENT"],
  refunds: 0,
  reviews: [],
};

describe("a paid session", () => {
  it(
    "whose return, notification and inquiry race succeeds once, with one event and no refund",
    async () => {
      const chance = seeded(SEED);
      const race = async (): Promise<PaymentView> => {
        const payment = await atGateway(bench);
        await act(bench, payment);
        const told = await keptOf(bench, payment);
        expect(told).toHaveLength(2);
        const runners = [...told, ...told].map((delivery) => () => taken(delivery));
        await Promise.all(
          [...runners, () => makeDue(payment)].map(async (run) => {
            await sleep(chance() * WITHIN_MS);
            await run();
          }),
        );
        return payment;
      };
      const payments = await atOnce(
        AT_ONCE,
        Array.from({ length: RACES }, () => race),
      );
      await bench.settle();
      const seen = await traces(payments);
      expect(seen).toHaveLength(RACES);
      for (const one of seen) expect(one).toEqual(PAID_ONCE);
      expect(await bench.gateway.call("refunds")).toEqual({ refunds: [] });
    },
    60_000 + RACES * 1_000,
  );

  it("that is told a hundred times in parallel is applied once, and the rest are duplicates", async () => {
    const payment = await atGateway(bench);
    await act(bench, payment, { dropReturn: true });
    const [notification] = await keptOf(bench, payment);
    if (!notification) throw new Error("nobody told");
    await Promise.all(Array.from({ length: 100 }, () => taken(notification)));
    await bench.settle();
    const outcomes = await bench.sql`
      select outcome, count(*)::int as n from gateway_callback where matched_payment_id = ${payment.id}
      group by outcome order by outcome`;
    expect(outcomes).toEqual([
      { outcome: "APPLIED", n: 1 },
      { outcome: "DUPLICATE", n: 99 },
    ]);
    expect(await traces([payment])).toEqual([PAID_ONCE]);
  });
});

it("as many notifications at once as the edge lets through from one address are all taken", async () => {
  const payments = await atOnce(
    AT_ONCE,
    Array.from({ length: 8 }, () => () => atGateway(bench)),
  );
  const client = rpcClient(CheckoutService, bench.transport);
  const answers = await Promise.allSettled(
    Array.from({ length: 400 }, (_, i) => {
      const tranId = `${payments[i % payments.length]?.reference}-1`;
      const form = new URLSearchParams({ tran_id: tranId, status: "CANCELLED", n: `${i}` });
      const parts = {
        gateway: "SSLCOMMERZ",
        channel: CallbackChannel.NOTIFICATION,
        remoteAddress: "192.0.2.1",
      };
      const body = new TextEncoder().encode(form.toString());
      return client.recordGatewayCallback({ ...parts, body }, { timeoutMs: EDGE_WAITS_MS });
    }),
  );
  expect(answers.filter(({ status }) => status === "rejected")).toEqual([]);
  const [kept] = await bench.sql`
    select count(*)::int as n from gateway_callback where matched_payment_id = any(${payments.map(({ id }) => id)})`;
  expect(kept).toEqual({ n: 400 });
});

describe("five callbacks about a session that failed and was paid at the second try", () => {
  /** All of them are played in memory (every-order.test.ts); here it is some, unless more are asked for. */
  const PLAYED = Number(process.env.CALLBACK_ORDERS ?? 30);

  it(
    "end the same in every order, all of them or only some",
    async () => {
      const chance = seeded(SEED);
      const orders = arrangements([0, 1, 2, 3, 4])
        .map((order) => ({ order, rank: chance() }))
        .sort((one, other) => one.rank - other.rank)
        .slice(0, PLAYED);
      const play = async (order: readonly number[]): Promise<PaymentView> => {
        const payment = await atGateway(bench);
        await act(bench, payment, { outcome: "fail_then_success" });
        const told = await keptOf(bench, payment);
        expect(told).toHaveLength(3);
        const cancelled = await forged(bench, payment, { status: "CANCELLED", sign: "bad" });
        const expired = await forged(bench, payment, { status: "EXPIRED", sign: "good" });
        const all = [...told, cancelled, expired];
        for (const i of order) await taken(all[i] as Delivery);
        return payment;
      };
      const payments = await atOnce(
        AT_ONCE,
        orders.map(
          ({ order }) =>
            () =>
              play(order),
        ),
      );
      await bench.pass(31_000);
      const hashes = (await traces(payments)).map((end) =>
        createHash("sha256").update(JSON.stringify(end)).digest("hex"),
      );
      expect(hashes).toHaveLength(PLAYED);
      expect(new Set(hashes).size).toBe(1);
      expect(await traces(payments.slice(0, 1))).toEqual([PAID_ONCE]);
    },
    60_000 + PLAYED * 1_000,
  );
});

describe("money that arrives while the payment expires", () => {
  /** Milliseconds from the moment at which the money is taken to the expiry. */
  const OFFSETS = Array.from({ length: 24 }, (_, i) => (i % 3) - 1);

  it("is a success, or is late: one receipt and one refund, never both and never neither", async () => {
    const payments = await atOnce(
      4,
      OFFSETS.map((offsetMs) => () => expiring(offsetMs)),
    );
    const late = await left();
    await expire(late, 0);
    await ask(late);
    await eventually(async () => expect((await endOf(bench, late)).payment).toBe("EXPIRED"));
    await pay(late);
    payments.push(late);
    await bench.settle();
    await bench.pass(30_000);
    const ends = await endsOf(bench, payments);
    for (const payment of payments) {
      const end = ends.get(payment.reference);
      const [trace] = await traces([payment]);
      const receipts = trace?.events.filter((one) => one === "payments.late_receipt.recorded");
      const seen = { end, kinds: trace?.charges, receipts: receipts?.length };
      expect(seen).toEqual(end?.payment === "SUCCEEDED" ? IN_TIME : TOO_LATE);
    }
  }, 120_000);

  async function left(): Promise<PaymentView> {
    const payment = await atGateway(bench);
    await act(bench, payment, { outcome: "leave", dropIpn: true });
    return payment;
  }

  async function pay(payment: PaymentView): Promise<void> {
    await act(bench, payment, { late: true, dropReturn: true });
    for (const delivery of await keptOf(bench, payment)) await taken(delivery);
  }

  const expire = ({ id }: PaymentView, inMs: number) => bench.sql`
    update payment set expires_at = clock_timestamp() + ${inMs} * interval '1 millisecond' where id = ${id}`;

  async function ask(payment: PaymentView): Promise<void> {
    await makeDue(payment);
    await bench.deliver({ ...BARE_RETURN, reference: payment.reference });
  }

  /** The money and the question about it, so many milliseconds apart as far as a clock can say. */
  async function expiring(offsetMs: number): Promise<PaymentView> {
    const payment = await left();
    const inMs = SOON_MS + offsetMs;
    const expiry = performance.now() + inMs;
    await expire(payment, inMs);
    const at = (moment: number) => sleep(Math.max(0, moment - performance.now()));
    await Promise.all([at(expiry - offsetMs).then(() => pay(payment)), at(expiry).then(() => ask(payment))]);
    return payment;
  }

  const SOON_MS = 60;
  const IN_TIME = {
    end: { payment: "SUCCEEDED", refunds: [], webhooks: ["payment.succeeded"], charges: 1, reviews: [] },
    kinds: ["SETTLEMENT"],
    receipts: 0,
  };
  const TOO_LATE = {
    end: {
      payment: "EXPIRED",
      refunds: ["SUCCEEDED"],
      webhooks: ["payment.expired", "refund.succeeded"],
      charges: 1,
      reviews: [],
    },
    kinds: ["LATE"],
    receipts: 1,
  };
  /** A browser that came back with nothing: it is about the path's newest attempt. */
  const BARE_RETURN: Delivery = {
    gateway: "SSLCOMMERZ",
    channel: "CALLBACK_CHANNEL_RETURN",
    reference: "",
    method: "GET",
    path: "/return",
    contentType: "",
    body: "",
    query: "",
    remoteAddress: "192.0.2.1",
  };
});
