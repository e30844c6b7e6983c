import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultBench, type PaymentView, startFaultBench } from "../testing/fault-bench.ts";
import {
  act,
  atOnce,
  type End,
  endsOf,
  liveOn,
  liveToExpiry,
  openAtLast,
  passDays,
  refund,
} from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, HTTP to the simulator as a process. Doubles: the simulator is the gateway
 * and the customer, a small server is the edge; time passes by moving what is stored and the simulator's clock, so the
 * schedules are those of production. Judge: the ends that the simulator's scenario files and magic amounts promise, and
 * its own books of charges. All stories play at the same time; nothing is compared before all are over.
 */
type Scenario = { readonly name: string; readonly rules: readonly object[]; readonly expected: End };
type MagicRow = {
  readonly amount: string;
  readonly of: "payment" | "refund";
  readonly title: string;
  readonly expected: Omit<End, "payment"> & { readonly states: readonly string[] };
};

/** More of them would make each other wait. */
const AT_ONCE = 12;
const REFUNDED_MINOR = 10_000n;
/** What turns within seconds: these begin when nothing else keeps the service from hearing of the first word in time. */
const SOON = ["4040.14", "4040.15", "4042.38"];
/** Answers that never come in time: these begin first, and the others meanwhile. */
const SLOW = ["4042.08", "4042.09"];
const OUTCOMES = [
  "success",
  "success_risk",
  "fail",
  "cancel",
  "leave",
  "wait",
  "pending_then_valid",
  "fail_then_success",
  "double_success",
];
const LOST = { ipn: { drop: true }, return: { drop: true } };

let bench: FaultBench;
let scenarios: readonly Scenario[];
let rows: readonly MagicRow[];
const payments = new Map<string, PaymentView>();
const ends = new Map<string, End>();

const customerOf = (name: string): string => `${name}@stories.example`;
const minorOf = (amount: string): bigint => BigInt(amount.replace(".", ""));
const refundRows = () => rows.filter(({ of }) => of === "refund");

/** Rules for the payments of one customer, so that stories do not meet. */
async function arm(name: string, rules: readonly object[]): Promise<void> {
  for (const rule of rules) {
    await bench.gateway.call("rules", { per: "payment", ...rule, name, match: { email: customerOf(name) } });
  }
}

async function begin(name: string, amountMinor: bigint): Promise<void> {
  const payment = await bench.create({ amountMinor, customerEmail: customerOf(name) });
  payments.set(name, payment);
  await openAtLast(bench, payment);
}

function paymentOf(name: string): PaymentView {
  const payment = payments.get(name);
  if (!payment) throw new Error(`${name} was not played`);
  return payment;
}

/** The pause that a throttled query asks for takes real time, for everybody: here it is one second and not thirty. */
async function shortenPause(): Promise<void> {
  const rule = { match: { amount: "4042.29" }, per: "payment" };
  const query = { status: 429, body: "empty", retryAfterSeconds: 1 };
  await bench.gateway.call("rules", { ...rule, times: 2, reply: { query } });
  await bench.gateway.call("rules", { ...rule, reply: { query: { body: "normal" } } });
}

async function beginAll(): Promise<void> {
  for (const { name, rules } of scenarios) await arm(name, rules);
  for (const outcome of OUTCOMES) {
    await arm(`told-${outcome}`, [{ customer: { outcome } }]);
    await arm(`untold-${outcome}`, [{ customer: { outcome }, ...LOST }]);
  }
  await shortenPause();
  const plain = [...scenarios.map(({ name }) => name), ...refundRows().map(({ amount }) => amount)];
  const told = OUTCOMES.flatMap((outcome) => [`told-${outcome}`, `untold-${outcome}`]);
  const magic = rows.filter(({ of, amount }) => of === "payment" && ![...SOON, ...SLOW].includes(amount));
  await atOnce(AT_ONCE, [
    ...SLOW.map((amount) => () => begin(amount, minorOf(amount))),
    ...magic.map(
      ({ amount }) =>
        () =>
          begin(amount, minorOf(amount)),
    ),
    ...[...plain, ...told].map((name) => () => begin(name, REFUNDED_MINOR)),
  ]);
  await atOnce(
    AT_ONCE,
    refundRows().map(
      ({ amount }) =>
        () =>
          act(bench, paymentOf(amount)),
    ),
  );
  await bench.settle();
  for (const amount of SOON) await begin(amount, minorOf(amount));
  await bench.settle();
  // Paid by now. Every further question would hold up the time of all the others for seconds.
  await bench.gateway.removeRules("slow-gateway");
}

async function keepEnds(names: readonly string[]): Promise<void> {
  const found = await endsOf(bench, names.map(paymentOf));
  for (const name of names) {
    const end = found.get(paymentOf(name).reference);
    if (end) ends.set(name, end);
  }
}

beforeAll(async () => {
  bench = await startFaultBench();
  ({ scenarios } = (await bench.gateway.call("scenarios")) as { scenarios: readonly Scenario[] });
  ({ rows } = (await bench.gateway.call("magic")) as { rows: readonly MagicRow[] });
  await beginAll();
  await liveToExpiry(bench);
  for (const { name } of scenarios) {
    if (name.startsWith("refund-")) await refund(bench, paymentOf(name), REFUNDED_MINOR);
  }
  for (const { amount } of refundRows()) await refund(bench, paymentOf(amount), minorOf(amount));
  await liveOn(bench);
  await keepEnds([...payments.keys()]);
  await passDays(bench, 29, 2);
  await keepEnds(refundRows().map(({ amount }) => amount));
}, 300_000);
afterAll(() => bench?.[Symbol.asyncDispose]());

/** Every story that ended otherwise, so that one look shows all of them. */
function expectEnds(expected: ReadonlyMap<string, End>): void {
  const found = [...expected.keys()].map((name) => [name, ends.get(name)]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
}

describe("every story", () => {
  it("of a scenario file ends as the file says", () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(19);
    expectEnds(
      new Map(
        scenarios.map(({ name, expected: { payment, refunds, webhooks, charges, reviews } }) => [
          name,
          { payment, refunds, webhooks, charges, reviews },
        ]),
      ),
    );
  });

  it("of a magic amount ends as the table of magic amounts says", () => {
    const expected = rows
      .filter(({ of }) => of === "payment")
      .map(({ amount, expected: { states, refunds, webhooks, charges, reviews } }): [string, End] => [
        amount,
        { payment: states.at(-1) ?? "", refunds, webhooks, charges, reviews },
      ]);
    expect(expected).toHaveLength(75);
    expectEnds(new Map(expected));
  });

  it("of a magic refund ends as the table says, after a month", () => {
    const expected = refundRows().map(({ amount, expected: row }): [string, End] => {
      const payment = row.states.includes("SUCCEEDED") ? "PARTIALLY_REFUNDED" : "SUCCEEDED";
      const { refunds, charges, reviews } = row;
      return [
        amount,
        { payment, refunds, webhooks: ["payment.succeeded", ...row.webhooks], charges, reviews },
      ];
    });
    expect(expected).toHaveLength(11);
    expectEnds(new Map(expected));
  });
});

describe("with every callback dropped", () => {
  it("a payment ends as it does when it is told of", async () => {
    expectEnds(
      new Map(
        OUTCOMES.flatMap((outcome): [string, End][] => {
          const end = ends.get(`told-${outcome}`);
          return end ? [[`untold-${outcome}`, end]] : [];
        }),
      ),
    );
    const [heard] = await bench.sql`
      select count(*)::int as n from gateway_callback c join payment p on p.id = c.matched_payment_id
      where p.customer_email like 'untold-%' and c.signature_valid`;
    expect(heard).toEqual({ n: 0 });
  });

  it("money is found within ten minutes", async () => {
    const { charges } = (await bench.gateway.call("charges")) as {
      charges: { tranId: string; valId: string; chargedAt: number }[];
    };
    const { now } = (await bench.gateway.call("clock", { advanceMs: 0 })) as { now: number };
    const found = await bench.sql<{ ref: string; age: number }[]>`
      select c.gateway_ref as ref, (extract(epoch from clock_timestamp() - c.recorded_at) * 1000)::float8 as age
      from charge c join payment p on p.id = c.payment_id
      where p.customer_email like 'untold-%' and c.kind = 'SETTLEMENT'`;
    expect(found).toHaveLength(5);
    for (const { ref, age } of found) {
      const charge = charges.find(({ valId }) => valId === ref);
      expect(now - (charge?.chargedAt ?? 0) - age).toBeLessThan(600_000);
    }
  });
});
