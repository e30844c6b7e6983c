import type { Invariant } from "./invariant.ts";
import { queriesOn } from "./query.ts";

const of = queriesOn("payments");

const ALLOWED = `('CREATED','PENDING'),('CREATED','EXPIRED'),('PENDING','SUCCEEDED'),('PENDING','FAILED'),
  ('PENDING','CANCELLED'),('PENDING','EXPIRED'),('SUCCEEDED','PARTIALLY_REFUNDED'),('SUCCEEDED','REFUNDED'),
  ('PARTIALLY_REFUNDED','PARTIALLY_REFUNDED'),('PARTIALLY_REFUNDED','REFUNDED')`;

/** The event that tells of a step. A refund that succeeded is itself the news of the step that it caused. */
const SUBJECT = `(case h.to_status when 'CREATED' then 'payments.payment.created' when 'PENDING' then 'payments.payment.opened'
  when 'PARTIALLY_REFUNDED' then 'payments.refund.succeeded' when 'REFUNDED' then 'payments.refund.succeeded'
  else 'payments.payment.' || lower(h.to_status) end)`;

const CAUSES = `'api','checkout.opened','gateway.paid','gateway.failed','gateway.cancelled','gateway.expired','time.over',
  'refund.succeeded'`;

/** What the gateway may have answered when a payment took this step. */
const ANSWERS = `(case h.to_status when 'SUCCEEDED' then i.outcome = 'paid' when 'EXPIRED' then i.outcome <> 'unknown'
  else i.outcome not in ('paid', 'unknown') end)`;

/** Money that differs, and that a person has settled, is none of this payment's. */
const EXPLAINED = `i.outcome = 'paid' and not exists (
  select from jsonb_array_elements_text(i.detail->'charges') as told (charge) where not exists (
    select from gateway_mismatch m
    where m.attempt_id = i.attempt_id and m.gateway_ref = told.charge and m.state <> 'OPEN'))`;

const NO_MONEY = `(i.outcome in ('failed', 'cancelled', 'expired') or ${EXPLAINED}
  or i.outcome = 'pending' and i.detail->>'phase' in ('open', 'unattempted', 'absent'))`;

/** The answer and the step are one statement, whose clock runs on while it works. */
const SAME_MOMENT = "between h.at - interval '1 second' and h.at + interval '1 second'";

/** What happened to payments, step by step. */
export const PAYMENT_HISTORY: readonly Invariant[] = [
  of(
    "C1",
    "the history of each payment is 1..n, every step allowed, its end the payment itself",
    `select p.id, p.status, p.version, count(h.version) as steps, max(h.version) as last from payment p
     left join payment_history h on h.payment_id = p.id where p.updated_at >= {since}
     group by p.id having count(h.version) is distinct from max(h.version)
       or max(h.version) is distinct from p.version or min(h.version) is distinct from 1`,
    `select payment_id, version, before as after, from_status, to_status, is_last, status from (
       select h.*, lag(h.to_status) over steps as before, lead(h.version) over steps is null as is_last, p.status
       from payment_history h join payment p on p.id = h.payment_id where p.updated_at >= {since}
       window steps as (partition by h.payment_id order by h.version)) h
     where from_status is distinct from before or (is_last and to_status <> status)
        or case version when 1 then (from_status, to_status) is distinct from (null, 'CREATED')
           else (from_status, to_status) not in (values ${ALLOWED}) end`,
  ),
  of(
    "C2",
    "each change has exactly one event of its own transaction, and the reverse",
    `select h.payment_id, h.version, h.to_status, count(o.id) as events from payment_history h
     join payment p on p.id = h.payment_id
     left join outbox o on o.aggregate = p.reference and o.version = h.version and o.xid = h.xid and o.subject = ${SUBJECT}
     where h.at > clock_timestamp() - interval '13 days' and h.at >= {since}
     group by h.payment_id, h.version, h.to_status having count(o.id) <> 1`,
    `select o.id, o.subject, o.aggregate, o.version from outbox o
     left join payment p on p.reference = o.aggregate
     left join payment_history h on h.payment_id = p.id and h.version = o.version and h.xid = o.xid and o.subject = ${SUBJECT}
     where h.payment_id is null and o.created_at >= {since} and (o.subject like 'payments.payment.%'
       or o.subject = 'payments.refund.succeeded' and o.payload::jsonb->'refund'->>'origin' like '%MERCHANT')`,
  ),
  of(
    "C7",
    "what is final stays final",
    `select h.payment_id, h.version, h.from_status, h.to_status from payment_history h
     where h.at >= {since} and (h.from_status in ('FAILED', 'CANCELLED', 'EXPIRED', 'REFUNDED')
        or h.from_status in ('SUCCEEDED', 'PARTIALLY_REFUNDED') and h.to_status not in ('PARTIALLY_REFUNDED', 'REFUNDED'))`,
  ),
  of(
    "C8",
    "a payment is closed by the gateway's own word; EXPIRED by one that was asked for at the expiry or later",
    `select h.payment_id, h.to_status, a.no as attempt, 'the gateway did not say that it has no money' as why
     from payment_history h join gateway_attempt a on a.payment_id = h.payment_id
     where h.to_status = 'EXPIRED' and h.at >= {since} and a.state <> 'REJECTED' and a.created_at <= h.at
       and not exists (select from gateway_inquiry i where i.attempt_id = a.id
                       and i.answered_at <= h.at + interval '1 second' and ${NO_MONEY})`,
    `select h.payment_id, h.to_status, null, 'nobody was asked at the expiry or later' from payment_history h
     join payment p on p.id = h.payment_id
     where h.to_status = 'EXPIRED' and h.at >= {since}
       and exists (select from gateway_attempt a where a.payment_id = h.payment_id and a.state <> 'REJECTED')
       and not exists (select from gateway_inquiry i where i.payment_id = h.payment_id
                       and i.asked_at >= p.expires_at and i.answered_at ${SAME_MOMENT} and ${NO_MONEY})`,
    `select h.payment_id, h.to_status, null, 'the gateway did not say so' from payment_history h
     where h.to_status in ('FAILED', 'CANCELLED') and h.at >= {since} and not exists (
       select from gateway_inquiry i where i.payment_id = h.payment_id and i.outcome = lower(h.to_status)
         and i.answered_at <= h.at + interval '1 second')`,
  ),
  of(
    "C10",
    "a callback moves nothing by itself: each has one outcome, and what waits is asked about",
    `select c.id, c.outcome, c.attempt_id, 'nobody asks about it' as why from gateway_callback c
     where c.outcome = 'PENDING_VERIFICATION' and c.created_at < clock_timestamp() - interval '1 minute' - {quiet}
       and not exists (select from gateway_attempt a where a.id = c.attempt_id and a.next_inquiry_at is not null)`,
    `select c.id, c.outcome, c.attempt_id, 'outcome and decision contradict' from gateway_callback c
     where c.created_at >= {since} and (c.outcome = 'PENDING_VERIFICATION') = (c.decided_at is not null)`,
    `select c.id, c.outcome, c.attempt_id, 'a copy of nothing' from gateway_callback c
     left join gateway_callback o on o.id = c.duplicate_of and o.duplicate_of is null
     where c.created_at >= {since} and c.duplicate_of is not null
       and (c.outcome <> 'DUPLICATE' or (o.gateway, o.channel, o.digest) is distinct from (c.gateway, c.channel, c.digest))`,
    `select c.id, c.outcome, c.attempt_id, 'no answer of the gateway applied it' from gateway_callback c
     where c.created_at >= {since} and c.outcome = 'APPLIED' and not exists (
       select from gateway_inquiry i where i.attempt_id = c.attempt_id and i.outcome <> 'unknown'
         and i.answered_at between c.decided_at - interval '1 second' and c.decided_at + interval '1 second')`,
    `select h.payment_id, h.to_status, null, 'caused by ' || h.cause from payment_history h
     where h.at >= {since} and h.cause not in (${CAUSES})`,
    `select h.payment_id, h.to_status, null, 'no answer of the gateway caused it' from payment_history h
     where h.at >= {since} and h.to_status in ('SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED') and h.cause <> 'time.over'
       and not exists (select from gateway_inquiry i where i.payment_id = h.payment_id
                       and i.answered_at ${SAME_MOMENT} and ${ANSWERS})`,
  ),
  of(
    "C14",
    "times do not run backwards",
    `select id, created_at, updated_at from payment where created_at > updated_at and updated_at >= {since}`,
    `select payment_id, at, before from (
       select payment_id, at, lag(at) over (partition by payment_id order by version) as before
       from payment_history where at >= {since}) h
     where at < before`,
  ),
];
