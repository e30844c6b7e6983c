import { fromBase58Event } from "./event-uuid.ts";
import type { Snapshots } from "./snapshot.ts";

type Row = Readonly<Record<string, unknown>>;

/** A rule that joins databases: each is read in its own snapshot, so what is younger than a minute may be half-way. */
export type AcrossInvariant = {
  readonly name: string;
  readonly title: string;
  readonly check: (at: Snapshots) => Promise<readonly Row[]>;
};

const TO_WEBHOOKS = [
  "payments.payment.succeeded",
  "payments.payment.failed",
  "payments.payment.cancelled",
  "payments.payment.expired",
  "payments.application.updated",
];
const TO_LEDGER = ["payments.payment.succeeded", "payments.late_receipt.recorded"];

type Sent = {
  readonly id: string;
  readonly subject: string;
  readonly aggregate: string;
  readonly version: string;
};

async function sentOn(
  at: Snapshots,
  subjects: readonly string[],
  quietSeconds: number,
): Promise<readonly Sent[]> {
  return at.payments<Sent[]>`
    select id, subject, aggregate, version from outbox
    where subject = any(${[...subjects]}) and created_at > clock_timestamp() - interval '7 days'
      and created_at < clock_timestamp() - ${quietSeconds} * interval '1 second'`;
}

function differences(
  sent: readonly { key: string; id: string }[],
  heard: ReadonlySet<string>,
  by: string,
): Row[] {
  return sent.filter(({ key }) => !heard.has(key)).map(({ id }) => ({ event: id, "not heard by": by }));
}

/** X1: what one side published the other side has heard, and it has heard nothing else. */
async function checkHeard(at: Snapshots): Promise<readonly Row[]> {
  const [forWebhooks, forLedger] = await Promise.all([
    sentOn(at, TO_WEBHOOKS, at.quietSeconds),
    sentOn(at, TO_LEDGER, at.quietSeconds),
  ]);
  const webhooks = await at.webhooks<{ event_id: string; subject: string }[]>`
    select event_id, subject from inbox where subject like 'payments.%' and received_at > clock_timestamp() - interval '6 days'`;
  const ledger = await at.ledger<{ event_id: string }[]>`
    select event_id::text as event_id from ledger.inbox where received_at > clock_timestamp() - interval '6 days'`;
  const known = await at.payments<{ id: string }[]>`select id from outbox`;
  const ids = new Set(known.map(({ id }) => id));
  const uuids = new Set(known.map(({ id }) => fromBase58Event(id)));
  return [
    ...differences(
      forWebhooks.map(({ id }) => ({ key: id, id })),
      new Set(webhooks.map((row) => row.event_id)),
      "webhooks",
    ),
    ...differences(
      forLedger.map(({ id }) => ({ key: fromBase58Event(id) ?? id, id })),
      new Set(ledger.map((row) => row.event_id)),
      "ledger",
    ),
    ...webhooks
      .filter((row) => !ids.has(row.event_id))
      .map((row) => ({ event: row.event_id, "unknown to": "payments" })),
    ...ledger
      .filter((row) => !uuids.has(row.event_id))
      .map((row) => ({ event: row.event_id, "unknown to": "payments" })),
  ];
}

type Sum = {
  readonly application_id: string;
  readonly mode: string;
  readonly currency: string;
  readonly total: string;
};
const keyOf = ({ application_id, mode, currency }: Sum): string => `${application_id} ${mode} ${currency}`;

function unequal(what: string, left: readonly Sum[], right: readonly Sum[]): Row[] {
  const [a, b] = [left, right].map((sums) => new Map(sums.map((sum) => [keyOf(sum), BigInt(sum.total)])));
  const keys = new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])]);
  return [...keys]
    .filter((key) => (a?.get(key) ?? 0n) !== (b?.get(key) ?? 0n))
    .map((key) => ({ what, of: key, payments: a?.get(key) ?? 0n, ledger: b?.get(key) ?? 0n }));
}

/** X2: the money that payments says came in is the money that the ledger owes. */
async function checkMoney(at: Snapshots): Promise<readonly Row[]> {
  const paid = await at.payments<Sum[]>`
    select application_id, mode, currency, sum(paid_minor)::text as total from payment
    where paid_minor > 0 and paid_at < clock_timestamp() - ${at.quietSeconds} * interval '1 second' group by 1, 2, 3`;
  const late = await at.payments<Sum[]>`
    select application_id, mode, currency, sum(amount_minor)::text as total from charge
    where kind in ('LATE', 'EXTRA') and recorded_at < clock_timestamp() - ${at.quietSeconds} * interval '1 second'
    group by 1, 2, 3`;
  const booked = (path: string, subject: string) => at.ledger<Sum[]>`
    select b.application_id, b.mode, a.currency, sum(-e.amount)::text as total from ledger.entry e
    join ledger.account a on a.id = e.account_id join ledger.book b on b.id = e.book_id
    join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq join ledger.inbox i on i.event_id = t.event_id
    where a.path = ${path} and i.subject = ${subject}
      and t.occurred_at < clock_timestamp() - ${at.quietSeconds} * interval '1 second' group by 1, 2, 3`;
  return [
    ...unequal("paid", paid, await booked("Liabilities:Merchant:Payable", "payments.payment.succeeded")),
    ...unequal(
      "late",
      late,
      await booked("Liabilities:Customers:LateMoney", "payments.late_receipt.recorded"),
    ),
  ];
}

type Told = {
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  readonly sequence: string;
  readonly body: { readonly data?: { readonly status?: string; readonly amountMinor?: number } };
};

/** X3: the body of each event is the payment as it was at that version. */
async function checkBodies(at: Snapshots): Promise<readonly Row[]> {
  const told = await at.webhooks<Told[]>`
    select v.id, v.type, v.aggregate, v.sequence, convert_from(b.bytes, 'UTF8')::jsonb as body
    from event v join event_body b on b.event_id = v.id where v.type like 'payment.%'`;
  const known = await at.payments<
    { reference: string; version: string; to_status: string; amount_minor: string }[]
  >`
    select p.reference, h.version, h.to_status, p.amount_minor from payment_history h join payment p on p.id = h.payment_id
    where p.reference = any(${told.map((event) => event.aggregate)})`;
  const steps = new Map(known.map((step) => [`${step.reference} ${step.version}`, step]));
  return told.flatMap(({ id, type, aggregate, sequence, body }) => {
    const step = steps.get(`${aggregate} ${sequence}`);
    const isTrue =
      step !== undefined &&
      `payment.${step.to_status.toLowerCase()}` === type &&
      body.data?.status === step.to_status &&
      String(body.data?.amountMinor) === step.amount_minor;
    return isTrue
      ? []
      : [{ event: id, type, aggregate, sequence, payments: step?.to_status ?? "no such version" }];
  });
}

/** X5: an event has one type and one version on both sides. */
async function checkVersions(at: Snapshots): Promise<readonly Row[]> {
  const sent = await at.payments<Sent[]>`
    select id, subject, aggregate, version from outbox where subject like 'payments.payment.%'`;
  const byId = new Map(sent.map((event) => [event.id, event]));
  const told = await at.webhooks<{ id: string; type: string; sequence: string }[]>`
    select id, type, sequence from event where type <> 'webhook.test'`;
  return told.flatMap(({ id, type, sequence }) => {
    const origin = byId.get(id);
    if (!origin) return [];
    return origin.subject === `payments.${type}` && origin.version === sequence
      ? []
      : [{ event: id, type, sequence, subject: origin.subject, version: origin.version }];
  });
}

export const ACROSS: readonly AcrossInvariant[] = [
  { name: "X1", title: "every event that was sent was heard, and nothing else", check: checkHeard },
  { name: "X2", title: "payments and ledger agree about the money", check: checkMoney },
  { name: "X3", title: "each event's body is the payment at that version", check: checkBodies },
  { name: "X5", title: "an event has one type and one version everywhere", check: checkVersions },
];
