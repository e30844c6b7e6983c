import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PaymentFilter } from "../../application/ports.ts";
import { type PostgresWorld, postgresStores, postgresWorld } from "../../testing/postgres-world.ts";
import { sampleClaim } from "../../testing/samples.ts";

const ROWS = 8_000;
const SCOPE = { applicationId: 1, mode: "TEST" } as const;
const reference = (i: number): string => `pay_${String(i).padStart(22, "A")}`;

type Sent = { readonly text: string; readonly parameters: never[] };
let world: PostgresWorld;
let traced: Sql;
/** Where the events of today are. */
let today = "";
const sent: Sent[] = [];

beforeAll(async () => {
  world = await postgresWorld();
  traced = postgres(world.url, {
    max: 1,
    debug: (_connection, text, parameters) =>
      void sent.push({ text, parameters: [...parameters] as never[] }),
  });
  await fill(world.admin);
  const [row] = await world.admin`select tableoid::regclass::text as day from outbox limit 1`;
  today = row?.day ?? "";
});
afterAll(async () => {
  await traced.end();
  await world[Symbol.asyncDispose]();
});

/** Enough rows that a plan without its index would cost more, most of them long closed as in real life. */
async function fill(admin: Sql): Promise<void> {
  await admin`
    insert into application (id, name, receipts_enabled, late_payment_policy) overriding system value
    select i, 'Shop', true, 'REFUND' from generate_series(0, 2000) as i`;
  await admin`
    insert into payment (id, application_id, mode, reference, status, amount_minor, currency, customer_reference, gateway,
      expires_at, created_at, updated_at, version, revision)
    select i, i % 3, 'TEST', 'pay_' || lpad(i::text, 22, 'A'), case when i % 100 = 0 then 'PENDING' else 'FAILED' end, 100,
      'BDT', case when i % 2 = 0 then 'big' else 'cust-' || i % 500 end, 'SSLCOMMERZ', now() - interval '1 hour', now(), now(), 1, 1
    from generate_series(1, ${ROWS}) as i`;
  await admin`
    insert into gateway_attempt (payment_id, application_id, mode, no, account, merchant_ref, state, next_inquiry_at, created_at)
    select id, application_id, mode, 1, 'memory-test', reference || '-1', 'FAILED',
      case when status = 'PENDING' then now() end, now() from payment`;
  await admin`
    insert into gateway_callback (gateway, channel, attempt_id, matched_payment_id, digest, says, signature, signature_valid,
      outcome, remote_address)
    select 'SSLCOMMERZ', 'return', a.id, a.payment_id, decode(lpad(to_hex(a.id), 64, '0'), 'hex'), 'failed', 'valid', true,
      case when a.id % 10 = 0 then 'PENDING_VERIFICATION' else 'STALE' end, '192.0.2.1' from gateway_attempt a`;
  await admin`
    insert into gateway_inquiry (attempt_id, payment_id, operation, asked_at, outcome, detail)
    select id, payment_id, 'inquire', now(), 'failed', '{}' from gateway_attempt`;
  await admin`
    insert into charge (id, payment_id, attempt_id, application_id, mode, kind, account, gateway_ref, gateway_txn_id,
      amount_minor, currency, gross_minor, settled_currency, method, validated, recorded_at)
    select id, payment_id, id, application_id, mode, 'LATE', account, merchant_ref, merchant_ref, 100, 'BDT', 100, 'BDT',
      '{}', true, now() from gateway_attempt`;
  await admin`
    insert into refund (id, reference, payment_id, application_id, mode, charge_id, origin, status, amount_minor, currency,
      gateway_minor, gateway_currency, reason, created_by, created_at, updated_at, version)
    select id, 'rf_' || id, payment_id, application_id, mode, id, 'LATE_MONEY', 'SUCCEEDED', 100, 'BDT', 100, 'BDT', '',
      'app:1', now(), now(), 1 from charge`;
  await admin`
    insert into refund_attempt (refund_id, no, account, merchant_refund_ref, state, next_at, created_at)
    select id, 1, 'memory-test', reference || '-1', 'SUCCEEDED', null, now() from refund`;
  await admin`
    insert into refund_call (refund_id, attempt_no, operation, asked_at, outcome, detail)
    select id, 1, 'refund', now(), 'accepted', '{}' from refund`;
  await admin`
    insert into receipt (payment_id, application_id, mode, number) select id, application_id, mode, id from payment`;
  await admin`insert into payment_review (payment_id, reason, raised, actor) select id, 'RISK', true, 'system' from payment`;
  await admin`insert into payment_history (payment_id, version, to_status, cause) select id, 1, 'CREATED', 'api' from payment`;
  await admin`
    insert into outbox (id, subject, aggregate, version, headers, payload, published_at)
    select 'evt_' || id, 'payments.payment.created', reference, 1, '{}', '{}', now() from payment`;
  await admin`
    insert into credential (application_id, mode, key_digest, secret_mac, pepper_id, key_last4)
    select id, 'TEST', decode(lpad(to_hex(id), 64, '0'), 'hex'), decode(lpad('', 64, '0'), 'hex'), 'p', 'abcd' from application
    where id > 0`;
  await admin`
    insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
    select application_id, mode, 'POST /payments', id::text, '', id, 201, '', 'r', 1 from payment`;
  await admin.unsafe("vacuum analyze");
}

type Plan = {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
};

/** The plans of the statements that a piece of work sends, as the service's own role gets them. */
async function plansOf(
  work: (stores: ReturnType<typeof postgresStores>) => Promise<unknown>,
): Promise<Plan[]> {
  sent.length = 0;
  await work(
    postgresStores({ sql: traced, run: (inner) => inner(traced), [Symbol.asyncDispose]: async () => {} }),
  );
  const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
  const statements = sent.filter(({ text }) => /payment|gateway_|refund|credential|charge/.test(text));
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
const digest = new Uint8Array(32).fill(9);
const SEVENTH = { ...SCOPE, applicationId: 7 % 3 };

const HOT: readonly [string, string[], Parameters<typeof plansOf>[0]][] = [
  ["a payment by id", ["payment_pkey"], ({ payments }) => payments.byId(7, SCOPE)],
  [
    "a payment by reference",
    ["payment_reference_key"],
    ({ payments }) => payments.byReference(reference(7), SCOPE),
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
    ({ payments }) => payments.list({ ...filter, customerReference: null, reference: reference(7) }, SCOPE),
  ],
  [
    "a payment's file",
    [
      "payment_reference_key",
      "gateway_attempt_payment_id_no_key",
      "charge_payment",
      "gateway_callback_payment",
    ],
    ({ payments }) => payments.fileByReference(reference(7)),
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
    ({ callbacks }) => callbacks.targetByMerchantRef(`${reference(7)}-1`),
  ],
  [
    "the newest attempt of a payment",
    ["payment_reference_key", "gateway_attempt_payment_id_no_key"],
    ({ callbacks }) => callbacks.targetByReference(reference(7)),
  ],
  ["a refund by id", ["refund_pkey"], ({ refunds }) => refunds.byId(7, SCOPE)],
  ["a payment's refunds", ["refund_payment"], ({ refunds }) => refunds.list(7, SCOPE, 100)],
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
      "payment_history_pkey",
      "gateway_attempt_payment_id_no_key",
      "gateway_inquiry_payment",
      "gateway_callback_payment",
      "refund_payment",
      "refund_call_refund",
      "receipt_pkey",
      "payment_review_payment",
    ],
    ({ timeline }) => timeline.facts({ id: 7, reference: reference(7) }, 500),
  ],
  [
    "a callback that is recorded",
    ["gateway_callback_once", "payment_pkey", "gateway_attempt_pkey"],
    async ({ callbacks }) => {
      const target = await callbacks.targetByMerchantRef(`${reference(100)}-1`);
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

it("needs no sort for a page of a customer's list", async () => {
  const plans = await plansOf(({ payments }) => payments.list(filter, SCOPE));
  expect(plans.map((node) => node["Node Type"])).not.toContain("Sort");
});
