import type { Invariant } from "./invariant.ts";

const of = (name: string, title: string, sql: string): Invariant => ({
  name,
  title,
  database: "payments",
  sql,
});

const ALLOWED = `('CREATED','PENDING'),('CREATED','EXPIRED'),('PENDING','SUCCEEDED'),('PENDING','FAILED'),
  ('PENDING','CANCELLED'),('PENDING','EXPIRED'),('SUCCEEDED','PARTIALLY_REFUNDED'),('PARTIALLY_REFUNDED','REFUNDED'),
  ('SUCCEEDED','REFUNDED'),('PARTIALLY_REFUNDED','PARTIALLY_REFUNDED')`;

export const PAYMENTS: readonly Invariant[] = [
  of(
    "C1",
    "the history of each payment is 1..n, every step allowed, its end the payment itself",
    `select p.id, p.status, p.version, count(h.version) as steps, max(h.version) as last from payment p
     left join payment_history h on h.payment_id = p.id
     group by p.id having count(h.version) <> max(h.version) or max(h.version) <> p.version or min(h.version) <> 1
     union all
     select h.payment_id, coalesce(h.from_status, '-') || ' > ' || h.to_status, h.version, null, null
     from payment_history h
     where h.version > 1 and h.from_status <> h.to_status and (h.from_status, h.to_status) not in (values ${ALLOWED})
     union all
     select h.payment_id, h.to_status, h.version, null, null from payment_history h
     join payment p on p.id = h.payment_id and p.version = h.version where h.to_status <> p.status
     union all
     select b.payment_id, 'begins at ' || b.from_status, b.version, null, null from payment_history b
     join payment_history a on a.payment_id = b.payment_id and a.version = b.version - 1
     where b.from_status is distinct from a.to_status`,
  ),
  of(
    "C2",
    "each change has exactly one event of its own transaction, and the reverse",
    `select h.payment_id, h.version, h.to_status, count(o.id) as events from payment_history h
     join payment p on p.id = h.payment_id
     left join outbox o on o.aggregate = p.reference and o.version = h.version and o.xid = h.xid
       and o.subject like 'payments.payment.%'
     where h.at > clock_timestamp() - interval '13 days' and h.from_status is distinct from h.to_status
     group by h.payment_id, h.version, h.to_status having count(o.id) <> 1
     union all
     select p.id, o.version, o.subject, 0 from outbox o
     left join payment p on p.reference = o.aggregate
     left join payment_history h on h.payment_id = p.id and h.version = o.version and h.xid = o.xid
     where o.subject like 'payments.payment.%' and h.payment_id is null`,
  ),
  of(
    "C3",
    "amounts are whole, paid is nothing or all, refunds stay inside what is paid",
    `select id, amount_minor, paid_minor, reserved_minor, refunded_minor, status from payment
     where amount_minor <= 0 or paid_minor not in (0, amount_minor) or reserved_minor > paid_minor
        or refunded_minor > reserved_minor
        or (status = 'PARTIALLY_REFUNDED') <> (refunded_minor > 0 and refunded_minor < paid_minor)
        or (status = 'REFUNDED') <> (paid_minor > 0 and refunded_minor = paid_minor)`,
  ),
  of(
    "C4",
    "references, merchant references and charges are unique",
    `select 'payment ' || reference as twice from payment group by reference having count(*) > 1
     union all select 'attempt ' || account || ' ' || merchant_ref from gateway_attempt
       group by account, merchant_ref having count(*) > 1
     union all select 'charge ' || account || ' ' || gateway_ref from charge
       group by account, gateway_ref having count(*) > 1`,
  ),
  of(
    "C5",
    "every stored answer belongs to a payment of the same application and mode",
    `select i.route, i.key, i.resource_id from idempotency i left join payment p on p.id = i.resource_id
     where i.route like '%payments%' and (p.id is null or (p.application_id, p.mode) <> (i.application_id, i.mode))
        or octet_length(i.answer) = 0 or octet_length(i.fingerprint) = 0`,
  ),
  of(
    "C6",
    "nothing is stuck: what is open is asked about",
    `select p.id, p.status, a.id as attempt, a.state, a.next_inquiry_at from payment p
     join gateway_attempt a on a.payment_id = p.id
     where p.status = 'PENDING' and a.state in ('OPEN', 'UNKNOWN') and a.next_inquiry_at is null
       and a.updated_at < clock_timestamp() - interval '1 minute' - {quiet}
       and not exists (select from gateway_attempt o where o.payment_id = p.id and o.next_inquiry_at is not null)
     union all
     select a.payment_id, null, a.id, a.state, null from gateway_attempt a
     where a.state = 'OPENING' and a.created_at < clock_timestamp() - interval '60 seconds' - {quiet}`,
  ),
  of(
    "C7",
    "what is final stays final",
    `select b.payment_id, b.version, b.from_status, b.to_status from payment_history b
     where b.from_status in ('FAILED', 'CANCELLED', 'EXPIRED', 'REFUNDED') and b.to_status <> b.from_status
        or b.from_status = 'SUCCEEDED' and b.to_status not in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')`,
  ),
  of(
    "C10",
    "a callback moved nothing by itself: each has one outcome, and what waits is asked about",
    `select c.id, c.outcome, c.attempt_id from gateway_callback c
     where c.outcome = 'PENDING_VERIFICATION' and c.created_at < clock_timestamp() - interval '1 minute' - {quiet}
       and not exists (select from gateway_attempt a where a.id = c.attempt_id and a.next_inquiry_at is not null)`,
  ),
  of(
    "C11",
    "events are published, their ids unique, and in order per payment",
    `select id, subject, null::bigint as stream_seq from outbox
     where published_at is null and created_at < clock_timestamp() - interval '30 seconds' - {quiet}
     union all select id, 'twice', null from outbox group by id having count(*) > 1
     union all
     select id, subject, stream_seq from (
       select id, subject, stream_seq, publishes,
              max(stream_seq) over (partition by aggregate order by version, seq rows between unbounded preceding and 1 preceding) as before
       from outbox where stream_seq is not null) o where stream_seq < before and publishes = 1`,
  ),
  of(
    "C12",
    "one paid attempt settles a payment, every other charge is late or extra money",
    `select p.id, p.status, count(c.id) as settlements from payment p
     left join charge c on c.payment_id = p.id and c.kind = 'SETTLEMENT'
     group by p.id having count(c.id) <> (p.paid_minor > 0)::int`,
  ),
  of(
    "C13",
    "application and mode are one along every reference",
    `select a.id, 'attempt' as what from gateway_attempt a join payment p on p.id = a.payment_id
     where (a.application_id, a.mode) <> (p.application_id, p.mode)
     union all
     select c.id, 'charge' from charge c join payment p on p.id = c.payment_id
     where (c.application_id, c.mode) <> (p.application_id, p.mode)`,
  ),
  of(
    "C14",
    "times do not run backwards",
    `select id, created_at, updated_at from payment where created_at > updated_at
     union all
     select payment_id, at, before from (
       select payment_id, at, lag(at) over (partition by payment_id order by version) as before from payment_history) h
     where at < before`,
  ),
];
