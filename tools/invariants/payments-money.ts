import type { Invariant } from "./invariant.ts";
import { queriesOn } from "./query.ts";

const of = queriesOn("payments");

const HOLDS = "('AWAITING_APPROVAL', 'PENDING', 'SUCCEEDED')";

const raised = (payment: string, reason: string): string =>
  `exists (select from payment_review v where v.payment_id = ${payment} and v.raised and v.reason ${reason})`;

/** How long after its due moment a question may be asked: two periods of its schedule, which grow with its age. */
const overdue = (due: string, since: string, longest: string): string =>
  `${due} < clock_timestamp() - {quiet} - 2 * greatest(interval '1 minute',
     least((clock_timestamp() - ${since}) / 2, interval '${longest}'))`;

/** What payments hold in money, and what they have asked the gateway for. */
export const PAYMENT_MONEY: readonly Invariant[] = [
  of(
    "C3",
    "paid is nothing or all, refunds stay inside what is paid, in one currency, and the sums are those of the rows",
    `select id, amount_minor, paid_minor, reserved_minor, refunded_minor, status from payment
     where updated_at >= {since} and (amount_minor <= 0 or paid_minor not in (0, amount_minor)
        or reserved_minor > paid_minor or refunded_minor > reserved_minor
        or (status = 'PARTIALLY_REFUNDED') <> (refunded_minor > 0 and refunded_minor < paid_minor)
        or (status = 'REFUNDED') <> (paid_minor > 0 and refunded_minor = paid_minor))`,
    `select p.id, p.reserved_minor, p.refunded_minor, coalesce(r.held, 0) as held, coalesce(r.done, 0) as done
     from payment p left join lateral (
       select sum(amount_minor) filter (where status in ${HOLDS}) as held,
              sum(amount_minor) filter (where status = 'SUCCEEDED') as done
       from refund where payment_id = p.id and origin = 'MERCHANT') r on true
     where p.updated_at >= {since}
       and (p.reserved_minor, p.refunded_minor) is distinct from (coalesce(r.held, 0), coalesce(r.done, 0))`,
    `select c.payment_id, c.id as charge, c.amount_minor, sum(r.amount_minor) as goes_back from charge c
     join refund r on r.charge_id = c.id and r.status in ${HOLDS} where r.updated_at >= {since}
     group by c.id having sum(r.amount_minor) > c.amount_minor`,
    `select p.id, p.currency, x.what, x.currency as other from payment p join lateral (
       select 'charge' as what, currency from charge where payment_id = p.id and kind <> 'MISMATCH'
       union all select 'refund', currency from refund where payment_id = p.id and origin <> 'MISMATCH') x on x.currency <> p.currency
     where p.updated_at >= {since}`,
  ),
  of(
    "C4",
    "references, charges and keys are unique; receipts are numbered without gaps",
    `select 'payment ' || reference as twice from payment group by reference having count(*) > 1`,
    `select 'attempt ' || account || ' ' || merchant_ref as twice from gateway_attempt
     group by account, merchant_ref having count(*) > 1`,
    `select 'charge ' || account || ' ' || gateway_ref as twice from charge
     group by account, gateway_ref having count(*) > 1`,
    `select 'refund ' || reference as twice from refund group by reference having count(*) > 1`,
    `select 'refund at the gateway ' || account || ' ' || merchant_refund_ref as twice from refund_attempt
     group by account, merchant_refund_ref having count(*) > 1`,
    `select 'key ' || key as twice, application_id, mode, route from idempotency
     group by application_id, mode, route, key having count(*) > 1`,
    `select 'receipts' as twice, application_id, mode, count(*) as found, max(number) as last from receipt
     group by application_id, mode having count(distinct number) <> max(number)`,
  ),
  of(
    "C5",
    "every stored answer belongs to a resource of the same application and mode, and a resource to one answer",
    `select i.route, i.key, i.resource_id from idempotency i
     left join lateral (
       select application_id, mode from payment
       where id = i.resource_id and i.route in ('POST /payments', 'ResolveReview', 'ConfirmMismatch')
       union all select application_id, mode from refund where id = i.resource_id
         and i.route in ('POST /payments/{id}/refunds', 'CreateOperatorRefund', 'ResolveUnknownRefund')
       union all select application_id, mode from credential where id = i.resource_id and i.route = 'RotateCredential'
       union all select id, '-' from application where id = i.resource_id and i.route = 'UpdateSettings') r on true
     where i.answered_at >= {since} and (octet_length(i.answer) = 0 or octet_length(i.fingerprint) <> 32
        or (i.application_id, i.mode) is distinct from (r.application_id, r.mode))`,
    `select route, null as key, resource_id, count(distinct answer) as answers from idempotency
     where route in ('POST /payments', 'POST /payments/{id}/refunds', 'CreateOperatorRefund', 'RotateCredential')
     group by route, resource_id having count(distinct answer) > 1`,
  ),
  of(
    "C6",
    "nothing is stuck: what is open is asked about, and in time",
    `select p.id, p.status, 'no inquiry is planned' as why from payment p
     where p.status = 'PENDING' and p.updated_at < clock_timestamp() - {quiet}
       and not exists (select from gateway_attempt a where a.payment_id = p.id and a.next_inquiry_at is not null)`,
    `select a.payment_id, a.state, 'its inquiry is overdue' as why from gateway_attempt a
     where ${overdue("a.next_inquiry_at", "a.created_at", "30 minutes")}`,
    `select a.payment_id, a.state, 'unknown for more than a week, and nobody was told' as why from gateway_attempt a
     join payment p on p.id = a.payment_id
     where a.state = 'UNKNOWN' and p.expires_at < clock_timestamp() - interval '9 days'
       and not ${raised("a.payment_id", "= 'STUCK_UNKNOWN'")}`,
    `select a.payment_id, a.state, 'opening for more than a minute' as why from gateway_attempt a
     where a.state = 'OPENING' and a.created_at < clock_timestamp() - interval '2 minutes' - {quiet}`,
    `select r.payment_id, r.status, 'refund ' || r.id || ' waits for nothing' as why from refund r
     join payment p on p.id = r.payment_id
     where r.status = 'PENDING' and 'REFUND_UNKNOWN' <> all (p.review_reasons)
       and not exists (select from refund_attempt t where t.refund_id = r.id and t.next_at is not null)`,
    `select r.payment_id, t.state, 'refund ' || r.id || ' is overdue' as why from refund_attempt t
     join refund r on r.id = t.refund_id
     where ${overdue("t.next_at", "coalesce(t.accepted_at, t.created_at)", "6 hours")}`,
  ),
  of(
    "C9",
    "a difference in amount, currency, store or reference is flagged and pays nothing",
    `select c.payment_id, c.id as charge, c.amount_minor, c.currency, p.amount_minor as asked, p.currency as asked_in
     from charge c join payment p on p.id = c.payment_id
     where c.recorded_at >= {since} and c.kind <> 'MISMATCH'
       and (c.amount_minor, c.currency) <> (p.amount_minor, p.currency)`,
    `select c.payment_id, c.id as charge, c.amount_minor, c.currency, null, 'nobody confirmed that it differs' from charge c
     where c.kind = 'MISMATCH' and c.recorded_at >= {since} and not exists (
       select from gateway_mismatch m where m.id = c.id and m.state = 'CONFIRMED'
         and (m.account, m.gateway_ref, m.amount_minor, m.currency)
           = (c.account, c.gateway_ref, c.amount_minor, c.currency))`,
    `select c.matched_payment_id, c.id as callback, c.outcome, 'nobody was told of the difference' as why
     from gateway_callback c
     where c.created_at >= {since} and c.outcome = 'MISMATCH' and c.matched_payment_id is not null
       and not ${raised("c.matched_payment_id", "like '%\\_MISMATCH'")}`,
    `select h.payment_id, null, h.to_status, 'closed by time although figures differ' as why from payment_history h
     where h.to_status = 'EXPIRED' and h.at >= {since} and exists (
       select from payment_review v where v.payment_id = h.payment_id and v.reason like '%\\_MISMATCH' and v.at < h.at
         and v.raised and not exists (select from payment_review d where d.payment_id = v.payment_id
           and d.reason = v.reason and not d.raised and d.id > v.id and d.at < h.at))`,
  ),
  of(
    "C11",
    "events are published, their ids unique, and in order per payment",
    `select id, subject, null::bigint as stream_seq from outbox
     where published_at is null and created_at < clock_timestamp() - interval '30 seconds' - {quiet}`,
    `select id, 'twice' as subject, null from outbox group by id having count(*) > 1`,
    // Sequences begin again with every life of the stream, and an event that was sent again takes a later one.
    `select id, subject, stream_seq from (
       select o.id, o.subject, o.stream_seq, o.publishes, max(o.stream_seq) over (
         partition by o.aggregate order by o.version, o.seq rows between unbounded preceding and 1 preceding) as before
       from outbox o where o.stream_seq is not null and o.created_at >= {since}
         and o.published_at > coalesce((select max(entered_at) from stream_epoch), '-infinity')) o
     where stream_seq < before and publishes = 1 and not {stormy}`,
  ),
  of(
    "C12",
    "one paid attempt settles a payment; every other charge is late or extra money that goes back or is held, once",
    `select p.id, p.status, count(c.id) as settlements from payment p
     left join charge c on c.payment_id = p.id and c.kind = 'SETTLEMENT' where p.updated_at >= {since}
     group by p.id having count(c.id) <> (p.paid_minor > 0)::int`,
    `select a.payment_id, a.state, count(c.id) as charges from gateway_attempt a
     left join charge c on c.attempt_id = a.id and c.kind <> 'MISMATCH' where a.updated_at >= {since}
     group by a.id having (a.state = 'PAID') <> (count(c.id) > 0)`,
    `select c.payment_id, c.kind, count(r.id) as refunds_by_itself from charge c
     left join refund r on r.charge_id = c.id and r.created_by = 'system:late-money'
     where c.kind in ('LATE', 'EXTRA') and c.recorded_at >= {since}
     group by c.id having count(r.id) > 1
       or count(r.id) = 0 and not ${raised("c.payment_id", "= 'LATE_MONEY_HELD'")}`,
    `select a.payment_id, a.state, 'unknown, and nobody asks' as why from gateway_attempt a
     where a.state = 'UNKNOWN' and a.next_inquiry_at is null and not ${raised("a.payment_id", "= 'STUCK_UNKNOWN'")}`,
    `select i.payment_id, i.id as inquiry, told.charge, 'money that was told of and is nowhere' as why
     from gateway_inquiry i join gateway_attempt a on a.id = i.attempt_id
     cross join jsonb_array_elements_text(i.detail->'charges') as told (charge)
     where i.outcome = 'paid' and i.answered_at >= {since} and a.doubt_ref is distinct from told.charge
       and not exists (select from charge c where c.account = a.account and c.gateway_ref = told.charge)
       and not ${raised("i.payment_id", "like '%\\_MISMATCH'")}`,
  ),
  of(
    "C13",
    "application and mode are one along every reference",
    `select x.what, x.id, p.id as payment from payment p join lateral (
       select 'attempt' as what, id, application_id, mode from gateway_attempt where payment_id = p.id
       union all select 'charge', id, application_id, mode from charge where payment_id = p.id
       union all select 'refund', id, application_id, mode from refund where payment_id = p.id
       union all select 'receipt', number, application_id, mode from receipt where payment_id = p.id) x
       on (x.application_id, x.mode) <> (p.application_id, p.mode)
     where p.updated_at >= {since}`,
    `select 'charge of another payment' as what, c.id, c.payment_id as payment from charge c
     join gateway_attempt a on a.id = c.attempt_id
     where c.recorded_at >= {since} and (a.payment_id, a.account) <> (c.payment_id, c.account)`,
    `select 'refund of another payment''s charge' as what, r.id, r.payment_id as payment from refund r
     join charge c on c.id = r.charge_id where r.updated_at >= {since} and c.payment_id <> r.payment_id`,
    `select 'callback of another payment' as what, c.id, c.matched_payment_id as payment from gateway_callback c
     join gateway_attempt a on a.id = c.attempt_id
     where c.created_at >= {since} and a.payment_id is distinct from c.matched_payment_id`,
    `select 'inquiry of another payment' as what, i.id, i.payment_id as payment from gateway_inquiry i
     join gateway_attempt a on a.id = i.attempt_id
     where i.answered_at >= {since} and a.payment_id <> i.payment_id`,
    `select 'payment of no application' as what, p.id, p.application_id as payment from payment p
     where p.updated_at >= {since} and not exists (select from application a where a.id = p.application_id)`,
  ),
];
