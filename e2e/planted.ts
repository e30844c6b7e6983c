import type { World } from "@oi/tools/invariants/invariant";
import type { Journals } from "@oi/tools/invariants/journals/journals";
import type { ServiceName } from "./environment.ts";

/** One way to break a healthy world, and the rules that must notice. */
export type Plant = {
  readonly breaks: string;
  /** What it is, where no row says it. */
  readonly what?: string;
  /** Rules that the same violation cannot but break too. */
  readonly also?: readonly string[];
  /** Written by the superuser, with every trigger and foreign key asleep. */
  readonly rows?: readonly [service: ServiceName, sql: string];
  /** What somebody outside saw. */
  readonly seen?: (world: World) => Partial<World>;
};

const rows =
  (service: ServiceName) =>
  (breaks: string, sql: string, also: readonly string[] = []) =>
    ({ breaks, also, rows: [service, sql] }) satisfies Plant;
const payments = rows("payments");
const ledger = rows("ledger");
const webhooks = rows("webhooks");

const journals = (
  breaks: string,
  what: string,
  change: (healthy: Journals) => Partial<Journals>,
  also: readonly string[] = [],
): Plant => ({
  breaks,
  what,
  also,
  seen: ({ journals: healthy }) => {
    if (!healthy) throw new Error("a healthy world has its journals");
    return { journals: { ...healthy, ...change(healthy) } };
  },
});

async function* each<T>(entries: AsyncIterable<T>, change: (entry: T, i: number) => T): AsyncGenerator<T> {
  let i = 0;
  for await (const entry of entries) {
    yield change(entry, i);
    i += 1;
  }
}

/** Attempts of deliveries long forgotten: only rules over attempts can see them. */
const attempts = (values: string): string => `
  insert into attempt (delivery_id, n, claimed_at, round, endpoint_id, application_id, mode, host_key, kind, token, worker,
    cap_seen, started_at, ended_at, outcome, status)
  select v.delivery, v.n, at, 1, e.id, e.application_id, e.mode, 'planted', 'AUTO', gen_random_uuid(), 'planted', 32, at,
    at + interval '10 milliseconds', 'HTTP', 500
  from (values ${values}) as v (delivery, n, seconds) cross join endpoint e
  cross join lateral (select clock_timestamp() - interval '1 hour' + v.seconds * interval '1 second' as at) t
  where e.id = (select min(id) from endpoint)`;

const PAYMENTS: readonly Plant[] = [
  payments("C1", "update payment set version = version + 1 where status = 'SUCCEEDED'"),
  payments("C2", "delete from outbox where subject = 'payments.payment.opened'"),
  payments(
    "C3",
    "update payment set reserved_minor = reserved_minor + 1 where status = 'PARTIALLY_REFUNDED'",
  ),
  payments(
    "C4",
    "insert into receipt select id, application_id, mode, 2 from payment where status = 'SUCCEEDED'",
  ),
  payments("C5", "update idempotency set fingerprint = '\\x00'"),
  payments(
    "C6",
    "update gateway_attempt set next_inquiry_at = null where payment_id in (select id from payment where status = 'PENDING')",
  ),
  payments("C7", "update payment_history set from_status = 'FAILED' where to_status = 'PARTIALLY_REFUNDED'", [
    "C1",
  ]),
  payments("C8", "update gateway_inquiry set outcome = 'expired' where outcome = 'failed'"),
  payments("C9", "update gateway_callback set outcome = 'MISMATCH' where outcome = 'APPLIED'"),
  payments("C10", "update gateway_callback set decided_at = null where outcome = 'APPLIED'"),
  payments(
    "C11",
    `insert into outbox (id, subject, aggregate, version, headers, payload, created_at)
     values ('evt_planted', 'payments.planted.made', 'planted', 1, '{}', '{}', clock_timestamp() - interval '5 minutes')`,
  ),
  payments("C12", "update gateway_attempt set state = 'FAILED' where state = 'PAID'"),
  payments("C13", "update gateway_attempt set mode = 'LIVE'"),
  payments(
    "C14",
    "update payment set created_at = updated_at + interval '1 hour' where status = 'SUCCEEDED'",
  ),
];

const LEDGER: readonly Plant[] = [
  ledger("L1", "update ledger.txn set entry_count = entry_count + 1 where seq = 1", ["L4"]),
  ledger("L2", "update ledger.account_balance set debits = debits + 1, credits = credits + 1"),
  ledger("L3", "update ledger.inbox set xid = '1' where outcome = 'POSTED'"),
  ledger("L4", "update ledger.txn set details = '{}' where seq = 1"),
  ledger("L4", "update ledger.txn set details = details where seq = 1"),
  ledger("L4", "update ledger.book set last_seq = last_seq + 1"),
  ledger("L4", "update ledger.block set root = sha256('x') where block_no = 1"),
  ledger(
    "L5",
    `update ledger.account_balance set max_balance = debits - credits where account_id = (
       select account_id from ledger.account_balance b join ledger.account a on a.id = b.account_id
       where a.path = 'Liabilities:Merchant:Payable')`,
  ),
  ledger("L6", "update ledger.txn set kind = 31, reverses_seq = 1 where seq = 2", ["L4", "X4"]),
  ledger("L7", "update ledger.account_balance set debits = debits + 1", ["L2"]),
];

const WEBHOOKS: readonly Plant[] = [
  webhooks("W1", "update inbox set xid = '1' where subject = 'payments.payment.succeeded'"),
  webhooks("W2", "update delivery set done_at = null"),
  webhooks("W3", "update delivery set attempts = attempts + 1"),
  webhooks("W4", "update attempt set status = 500"),
  webhooks("W5", attempts("(900001, 1, 0), (900001, 2, 2)")),
  webhooks("W6", "update attempt set cap_seen = 0"),
  webhooks(
    "W7",
    attempts(
      "(900001,1,0), (900002,1,2), (900003,1,4), (900004,1,6), (900005,1,8), (900006,1,10), (900007,1,12)",
    ),
  ),
  webhooks("W8", "update attempt set body_sha256 = sha256('x')"),
  webhooks("W8", "update attempt set signature = 'v1,c2lnbmVkIGJ5IG5vYm9keQ=='"),
  webhooks("W9", "update attempt set remote_ip = '10.0.0.1'"),
  webhooks(
    "W10",
    `update endpoint_history set changed_at = changed_at - interval '1 hour',
       snapshot = jsonb_set(snapshot, '{eventTypes}', '["refund.failed"]')`,
  ),
  webhooks("W11", "update attempt set mode = 'LIVE'"),
  webhooks("W12", "update attempt set response_head = 'pan 4111 1111 1111 1111'"),
  webhooks(
    "W13",
    `update attempt set claimed_at = claimed_at + interval '1 hour', started_at = started_at + interval '1 hour',
       ended_at = ended_at + interval '1 hour'
     where delivery_id in (select id from delivery where type = 'payment.succeeded')`,
  ),
];

const ACROSS: readonly Plant[] = [
  payments(
    "X1",
    `insert into outbox (id, subject, aggregate, version, headers, payload, published_at)
     values ('evt_1CkX7cXQv1mTz4YhR2bJ8n', 'payments.application.updated', 'application:1', 9, '{}', '{}', now())`,
  ),
  payments(
    "X2",
    "update payment set amount_minor = amount_minor + 1, paid_minor = paid_minor + 1 where status = 'SUCCEEDED'",
    ["C9", "S1", "X3"],
  ),
  webhooks(
    "X3",
    `update event_body set bytes = replace(convert_from(bytes, 'UTF8'), '"BDT"', '"USD"')::bytea`,
    ["W8"],
  ),
  {
    breaks: "X4",
    what: "the gateway took money that nobody knows of",
    seen: ({ gateway }) => {
      const [charge] = gateway?.charges ?? [];
      if (!gateway || !charge) throw new Error("a healthy world was paid");
      return {
        gateway: { ...gateway, charges: [...gateway.charges, { ...charge, tranId: "pay_x-1", valId: "x" }] },
      };
    },
  },
  { breaks: "X4", what: "nobody gave the gateway's books", seen: () => ({ gateway: null }) },
  webhooks("X5", "update event set sequence = sequence + 1", ["X3"]),
];

const RUN: readonly Plant[] = [
  journals("S1", "an answer names what is not there", (healthy) => ({
    client: () =>
      each(healthy.client(), (entry) =>
        entry.kind === "answer"
          ? { ...entry, text: entry.text.replace(/"id":("?)\d+/, (_, quote) => `"id":${quote}99`) }
          : entry,
      ),
  })),
  journals("S2", "each refund is executed twice", ({ gateway }) => ({
    gateway: {
      ...gateway,
      refunds: gateway.refunds.flatMap((refund) => [
        refund,
        { ...refund, refundTransId: String(refund.refundTransId).replace(/-1$/, "-2") },
      ]),
    },
  })),
  journals("S3", "a copy has other bytes than were signed", (healthy) => ({
    sinks: () => each(healthy.sinks(), (copy, i) => (i === 0 ? { ...copy, body: `${copy.body} ` } : copy)),
  })),
  journals("S3", "no copy was taken", (healthy) => ({
    sinks: () => each(healthy.sinks(), (copy) => ({ ...copy, status: 500 })),
  })),
  journals("S4", "a trap got bytes", (healthy) => ({
    traps: () => each(healthy.traps(), (entry) => ({ ...entry, kind: "bytes" as const })),
  })),
  journals("S5", "a canary stands in a table", ({ run }) => ({
    run: { ...run, canaries: { customer: "shopper-1" } },
  })),
  journals("S5", "a canary stands in a file", ({ run }) => ({
    run: { ...run, canaries: { "this file": "planted canary" } },
  })),
  journals("S6", "an answer took days", (healthy) => ({
    client: () =>
      each(healthy.client(), (entry) => (entry.kind === "answer" ? { ...entry, ms: 1e9 } : entry)),
  })),
];

export const PLANTS: readonly Plant[] = [...PAYMENTS, ...LEDGER, ...WEBHOOKS, ...ACROSS, ...RUN];
