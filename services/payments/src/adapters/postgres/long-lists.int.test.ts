import { afterAll, beforeAll, expect, it } from "vitest";
import { LIST_REACH } from "../../application/list-payments.ts";
import { anyPayment } from "../../application/payment-list.contract.ts";
import type { PaymentFilter } from "../../application/ports.ts";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { type TracedStores, tracedStores } from "../../testing/traced-stores.ts";

/** A customer whose payments are a third of the table, as where a shop names all of its guests alike. */
const ROWS = 45_000;
const SCOPE = { applicationId: 1, mode: "TEST" } as const;

let world: PostgresWorld;
let traced: TracedStores;

beforeAll(async () => {
  world = await postgresWorld();
  traced = tracedStores(world);
  // The amounts fall and the changes come earlier with the time of creation, and the oldest are the only ones refunded.
  await world.admin`
    insert into payment (id, application_id, mode, reference, status, amount_minor, currency, customer_reference, gateway,
      expires_at, created_at, updated_at, version, revision, paid_minor, reserved_minor, refunded_minor, paid_at, gateway_txn_id, risk_level)
    select i, 1, 'TEST', 'pay_' || lpad(i::text, 22, 'A'), case when i < 10 then 'REFUNDED' else 'FAILED' end, 200000 - i, 'BDT',
      case when i % 3 = 0 then 'guest' else 'cust-' || i % 500 end, 'SSLCOMMERZ', now(), now() - (${ROWS} - i) * interval '1 second',
      now() - i * interval '1 second', 1, 1, case when i < 10 then 200000 - i else 0 end, case when i < 10 then 200000 - i else 0 end,
      case when i < 10 then 200000 - i else 0 end, case when i < 10 then now() end, 'bank', 0
    from generate_series(1, ${ROWS}) as i`;
  await world.admin.unsafe("vacuum analyze payment");
});
afterAll(async () => {
  await traced[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

type Plan = {
  readonly "Node Type": string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
} & {
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
};

/** How many rows the statements behind a list look at. */
async function lookedAt(part: Partial<PaymentFilter>): Promise<number> {
  const { sent, stores } = traced;
  sent.length = 0;
  await stores.payments.list({ ...anyPayment, customerReference: "guest", ...part }, SCOPE);
  const rowsOf = (plan: Plan): number => {
    const own = (plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0)) * plan["Actual Loops"];
    const below = (plan.Plans ?? []).reduce((sum, one) => sum + rowsOf(one), 0);
    return below + (/Seq Scan|Index Scan|Index Only Scan|Heap Scan/.test(plan["Node Type"]) ? own : 0);
  };
  let most = 0;
  for (const { text, parameters } of sent.filter((one) => one.text.includes("from payment"))) {
    const [row] = await world.app.unsafe(`explain (analyze, format json) ${text}`, parameters);
    most = Math.max(most, rowsOf(row?.["QUERY PLAN"][0].Plan));
  }
  return most;
}

it.each([
  {},
  { ascending: true },
  { skip: LIST_REACH - 10 },
  { sortBy: "updatedAt" },
  { sortBy: "updatedAt", ascending: true, skip: LIST_REACH - 10 },
  { sortBy: "amountMinor" },
  { sortBy: "amountMinor", ascending: true },
  { status: "REFUNDED" },
  { status: "REFUNDED", sortBy: "amountMinor" },
] as const)(
  "a list %j of a customer with more payments than a list reaches looks at no more",
  async (part) => {
    const most = await lookedAt(part);
    expect(most).toBeGreaterThan(0);
    // The parallel reading of an index may take a few more than it is asked for.
    expect(most).toBeLessThanOrEqual(LIST_REACH * 1.1);
  },
);

it("sorts and filters what it reaches: the newest, or the oldest from the other end, or those of a time", async () => {
  const ids = async (part: Partial<PaymentFilter>) => {
    const { payments, total } = await world.payments.list(
      { ...anyPayment, customerReference: "guest", limit: 2, ...part },
      SCOPE,
    );
    return { ids: payments.map(({ id }) => id), total };
  };
  const first = ROWS - 3 * (LIST_REACH - 1);
  expect(await ids({ sortBy: "amountMinor" })).toEqual({ ids: [first, first + 3], total: LIST_REACH });
  expect(await ids({ sortBy: "updatedAt" })).toEqual({ ids: [first, first + 3], total: LIST_REACH });
  expect(await ids({ status: "REFUNDED" })).toEqual({ ids: [], total: 0 });
  expect(await ids({ status: "REFUNDED", ascending: true })).toEqual({ ids: [3, 6], total: 3 });
  const [row] = await world.admin<{ at: Date }[]>`select created_at as at from payment where id = 300`;
  const to = row?.at.getTime() ?? 0;
  expect(await ids({ status: "REFUNDED", sortBy: "amountMinor", to })).toEqual({ ids: [3, 6], total: 3 });
});
