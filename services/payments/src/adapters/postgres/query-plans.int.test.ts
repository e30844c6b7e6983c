import { afterAll, beforeAll, expect, it } from "vitest";
import type { ReviewFilter } from "../../application/list-reviews.ts";
import type { PaymentFilter } from "../../application/ports.ts";
import { filledReference, fillTables } from "../../testing/filled-tables.ts";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { sampleClaim } from "../../testing/samples.ts";
import { type TracedStores, tracedStores } from "../../testing/traced-stores.ts";

const SCOPE = { applicationId: 1, mode: "TEST" } as const;

let world: PostgresWorld;
let traced: TracedStores;
/** Where the events of today are. */
let today = "";

beforeAll(async () => {
  world = await postgresWorld();
  traced = tracedStores(world);
  await fillTables(world.admin);
  const [row] = await world.admin`select tableoid::regclass::text as day from outbox limit 1`;
  today = row?.day ?? "";
});
afterAll(async () => {
  await traced[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

type Plan = {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
};

/** The plans of the statements that a piece of work sends, as the service's own role gets them. */
async function plansOf(work: (stores: TracedStores["stores"]) => Promise<unknown>): Promise<Plan[]> {
  const { sent, stores } = traced;
  sent.length = 0;
  await work(stores);
  const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
  const statements = sent.filter(({ text }) =>
    /payment|gateway_|refund|credential|charge|idempotency/.test(text),
  );
  expect(statements.length).toBeGreaterThan(0);
  const plans: Plan[] = [];
  for (const { text, parameters } of statements) {
    const rows = await world.app.unsafe(`explain (format json) ${text}`, parameters);
    plans.push(...nodes(rows[0]?.["QUERY PLAN"][0].Plan));
  }
  return plans;
}

const filter: PaymentFilter = {
  customerReference: "big",
  reference: null,
  status: null,
  from: null,
  to: null,
  sortBy: "createdAt",
  ascending: false,
  skip: 0,
  limit: 20,
};
const HOUR = 3_600_000;
const review: ReviewFilter = { ...SCOPE, reason: null, after: null, limit: 5 };
const anyKey = { route: "POST /payments", key: "none", fingerprint: new Uint8Array(0) };
const digest = new Uint8Array(32).fill(9);
const SEVENTH = { ...SCOPE, applicationId: 7 % 3 };

const HOT: readonly [string, string[], Parameters<typeof plansOf>[0]][] = [
  ["a payment by id", ["payment_pkey"], ({ payments }) => payments.byId(7, SCOPE)],
  [
    "a payment by reference",
    ["payment_reference_key"],
    ({ payments }) => payments.byReference(filledReference(7), SCOPE),
  ],
  ["a customer's list", ["payment_customer"], ({ payments }) => payments.list(filter, SCOPE)],
  [
    "a customer's list, oldest first",
    ["payment_customer"],
    ({ payments }) => payments.list({ ...filter, ascending: true, status: "FAILED" }, SCOPE),
  ],
  [
    "the list of one reference",
    ["payment_reference_key"],
    ({ payments }) =>
      payments.list({ ...filter, customerReference: null, reference: filledReference(7) }, SCOPE),
  ],
  [
    "a payment's file",
    [
      "payment_reference_key",
      "gateway_attempt_payment_id_no_key",
      "charge_payment",
      "gateway_mismatch_payment",
      "gateway_callback_payment",
    ],
    ({ payments }) => payments.fileByReference(filledReference(7)),
  ],
  [
    "a payment's checkout",
    ["payment_reference_key", "charge_payment", "gateway_callback_payment", "refund_payment"],
    ({ payments }) => payments.checkoutByReference(filledReference(7)),
  ],
  [
    "the due inquiries",
    ["gateway_attempt_due", "gateway_attempt_pkey", "payment_pkey"],
    ({ queue }) => queue.claimDue(8),
  ],
  ["one due inquiry", ["gateway_attempt_pkey", "payment_pkey"], ({ queue }) => queue.claimOne(100)],
  ["the overdue payments", ["payment_open"], ({ queue }) => queue.overdue(100)],
  [
    "the attempt of a callback",
    ["gateway_attempt_merchant_ref", "payment_pkey", "charge_payment"],
    ({ callbacks }) => callbacks.targetByMerchantRef(`${filledReference(7)}-1`),
  ],
  [
    "the newest attempt of a payment",
    ["payment_reference_key", "gateway_attempt_payment_id_no_key"],
    ({ callbacks }) => callbacks.targetByReference(filledReference(7)),
  ],
  ["a refund by id", ["refund_pkey"], ({ refunds }) => refunds.byId(7, SCOPE)],
  [
    "what an application's people have to look at",
    [
      "payment_under_review_of",
      "payment_review_payment",
      "gateway_mismatch_payment",
      "charge_payment",
      "refund_payment",
    ],
    ({ reviews }) => reviews.list(review),
  ],
  [
    "what people have to look at behind a place",
    ["payment_under_review"],
    ({ reviews }) => reviews.list({ ...review, applicationId: null, after: { since: 0, id: 0 } }),
  ],
  [
    "the answers that are purged",
    ["idempotency_age"],
    ({ payments }) => payments.purgeAnswers(72 * HOUR, 100),
  ],
  ["the answer to a key", ["idempotency_pkey"], ({ payments }) => payments.answered(SCOPE, anyKey)],
  [
    "a payment's refunds",
    ["refund_payment"],
    ({ refunds }) => refunds.list(7, SEVENTH, { ascending: false, skip: 0, limit: 100 }),
  ],
  [
    "what a refund is measured against",
    ["payment_pkey", "refund_payment", "charge_payment"],
    ({ refunds }) => refunds.basis(7, SEVENTH),
  ],
  [
    "a refund's file",
    ["refund_pkey", "payment_pkey", "refund_attempt_refund_id_no_key", "charge_pkey"],
    ({ refunds }) => refunds.file(7),
  ],
  ["the due refunds", ["refund_attempt_due"], ({ refundQueue }) => refundQueue.claimDue(4)],
  ["an application's credentials", ["credential_application"], ({ credentials }) => credentials.list(7, 100)],
  ["the unmatched callbacks", ["gateway_callback_unmatched"], ({ callbacks }) => callbacks.unmatched(50)],
  [
    "a payment's timeline",
    [
      "idempotency_age",
      "payment_history_pkey",
      "gateway_attempt_payment_id_no_key",
      "gateway_inquiry_payment",
      "gateway_callback_payment",
      "refund_payment",
      "refund_call_refund",
      "receipt_pkey",
      "payment_review_payment",
    ],
    ({ timeline }) => timeline.facts({ id: 7, reference: filledReference(7) }, 500),
  ],
  [
    "a callback that is recorded",
    ["gateway_callback_once", "payment_pkey", "gateway_attempt_pkey"],
    async ({ callbacks }) => {
      const target = await callbacks.targetByMerchantRef(`${filledReference(100)}-1`);
      const ruling = { outcome: "PENDING_VERIFICATION", note: null, ask: true, claimDiffers: false } as const;
      const parts = { gateway: "SSLCOMMERZ", channel: "return", digest, reference: null } as const;
      const rest = { claim: sampleClaim(), rawPayload: "x", remoteAddress: "192.0.2.1" };
      await callbacks.record({ ...parts, ...rest }, ruling, target);
    },
  ],
];

for (const [what, indexes, work] of HOT) {
  it(`reads ${what} by index alone`, async () => {
    const plans = await plansOf(work);
    // Days of the outbox that hold nothing are read as they are.
    const isEmptyDay = ({ "Relation Name": name = "" }: Plan): boolean =>
      /^outbox_/.test(name) && name !== today;
    const scanned = plans.filter((node) => node["Node Type"] === "Seq Scan" && !isEmptyDay(node));
    expect(scanned).toEqual([]);
    const used = new Set(plans.flatMap((node) => node["Index Name"] ?? []));
    for (const index of indexes) expect([...used]).toContain(index);
  });
}

const LISTS: typeof HOT = [
  ["a customer's payments", [], ({ payments }) => payments.list(filter, SCOPE)],
  [
    "a payment's refunds",
    [],
    ({ refunds }) => refunds.list(7, SEVENTH, { ascending: true, skip: 0, limit: 20 }),
  ],
];

for (const [what, , work] of LISTS) {
  it(`counts ${what} up to ten thousand, and no further`, async () => {
    const counts = (await plansOf(work)).filter((node) => node["Node Type"] === "Aggregate");
    expect(counts.length).toBeGreaterThan(0);
    for (const count of counts) expect(count.Plans?.map((node) => node["Node Type"])).toEqual(["Limit"]);
  });
}

it("needs no count and no sort for a page of what people have to look at", async () => {
  for (const applicationId of [null, 1]) {
    const plans = await plansOf(({ reviews }) => reviews.list({ ...review, applicationId }));
    const limited = plans.filter((node) => node["Node Type"] === "Limit");
    const scans = limited.flatMap((node) => node.Plans ?? []);
    const index = applicationId === null ? "payment_under_review" : "payment_under_review_of";
    expect(scans).toContainEqual(expect.objectContaining({ "Node Type": "Index Scan", "Index Name": index }));
  }
});

it("needs no sort for a page of a customer's list", async () => {
  const plans = await plansOf(({ payments }) => payments.list(filter, SCOPE));
  expect(plans.map((node) => node["Node Type"])).not.toContain("Sort");
});
