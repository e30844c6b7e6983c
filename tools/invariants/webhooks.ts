import type { Invariant } from "./invariant.ts";
import { queriesOn } from "./query.ts";

const of = queriesOn("webhooks");

/** Waits after each try, in seconds: never sooner, and later by a fifth and a quarter of an hour at most. */
const WAIT = "(array[5,30,120,600,1800,7200,18000,36000,50400,72000,86400])[least(tries, 11)] * {scale}";
const ASKED = "least(coalesce(retry_after_s, 0), 86400)";

/** Two automatic attempts of one round, one after the other; the first one cost a try. */
const PAIRS = `
  with waits as (
    select delivery_id, endpoint_id, n, round, outcome, kind, retry_after_s, claimed_at, ended_at,
           lead(claimed_at) over w as next_claimed, lead(kind) over w as next_kind,
           count(*) filter (where outcome <> 'LOCAL') over (w rows unbounded preceding) as tries
    from attempt where claimed_at >= {since} window w as (partition by delivery_id, round order by n)),
  pair as (
    select *, greatest(${WAIT}, ${ASKED}) * interval '1 second' as wait from waits
    where kind = 'AUTO' and next_kind = 'AUTO' and outcome not in ('OK', 'LOCAL', 'UNKNOWN'))`;

/** From events to deliveries, and what an attempt does to one. */
export const DELIVERIES: readonly Invariant[] = [
  of(
    "W1",
    "one delivery per event and endpoint, one inbox row per event, both of one transaction",
    `select e.id as event, i.outcome, i.xid as inbox_xid, e.xid as event_xid from event e
     left join inbox i on i.event_id = e.id
     where e.type <> 'webhook.test' and e.received_at >= {since} and (i.event_id is null or i.xid <> e.xid)`,
    `select event_id, endpoint_id, count(*) as deliveries from delivery where created_at >= {since}
     group by event_id, endpoint_id having count(*) > 1`,
    `select i.event_id, i.subject, 'heard and lost' as why from inbox i left join event e on e.id = i.event_id
     where i.subject ~ '^payments\\.(payment|refund)\\.' and i.outcome = 'APPLIED' and e.id is null
       and i.received_at > clock_timestamp() - interval '29 days' and i.received_at >= {since}`,
  ),
  of(
    "W2",
    "every delivery has ended, is on schedule, or says why it waits",
    `select d.id, d.state, d.next_at, d.lease_until, e.state as endpoint, e.breaker from delivery d
     join endpoint e on e.id = d.endpoint_id
     where (d.state = 'PENDING' and d.next_at > clock_timestamp() + interval '24 hours 15 minutes')
        or (d.state = 'PENDING' and e.state = 'ENABLED' and e.breaker = 'CLOSED' and e.url is not null
            and d.next_at < clock_timestamp() - interval '10 minutes' - {quiet}
            and not exists (select from delivery p where p.endpoint_id = d.endpoint_id
                            and p.updated_at > clock_timestamp() - interval '10 minutes' - {quiet}))
        or (d.state = 'SUSPENDED' and e.state <> 'DISABLED'
            and d.updated_at < clock_timestamp() - interval '1 minute'
            and not exists (select from recovery r where r.endpoint_id = e.id and r.state = 'RUNNING'))
        or (d.state = 'LEASED' and d.lease_until < clock_timestamp() - {lease})
        or (d.state in ('DELIVERED', 'PARKED', 'CANCELLED') and d.done_at is null)`,
  ),
  of(
    "W3",
    "attempts are 1..n, each begins before it ends and ends in time",
    `select d.id, d.attempts, count(a.n) as found, max(a.n) as last from delivery d
     left join attempt a on a.delivery_id = d.id
     where d.created_at > clock_timestamp() - interval '29 days' and d.created_at >= {since}
     group by d.id having count(a.n) <> d.attempts or coalesce(max(a.n), 0) <> d.attempts`,
    // A worker that was frozen in a storm tells late, and truly, how long it took.
    `select a.delivery_id, a.n, a.outcome, a.started_at, a.ended_at from attempt a
     where a.claimed_at >= {since} and (a.started_at > a.ended_at or a.ended_at < a.claimed_at
        or (a.outcome <> 'UNKNOWN' and a.ended_at > a.started_at + {deadline} and not {stormy})
        or (a.outcome is null and a.claimed_at < clock_timestamp() - 2 * {lease} - {quiet})
        or (a.outcome not in ('UNKNOWN', 'LOCAL') and a.ended_at is null) or (a.outcome is null and a.ended_at is not null))`,
  ),
  of(
    "W4",
    "delivered means a 2xx; parked means tries or age used up; nothing automatic follows a success",
    `select d.id, d.state, d.tries from delivery d
     where d.state = 'DELIVERED' and d.created_at > clock_timestamp() - interval '29 days' and d.created_at >= {since}
       and not exists (select from attempt a where a.delivery_id = d.id and a.outcome = 'OK'
                       and a.round = d.round and a.status between 200 and 299)`,
    `select d.id, d.state, d.tries from delivery d
     where d.state = 'PARKED' and d.created_at >= {since} and d.tries < 12 and d.kind <> 'TEST'
       and d.done_at < d.first_due_at + interval '120 hours' * {scale}`,
    `select a.delivery_id, a.n, a.started_at, s.ended_at as succeeded_at from attempt a
     join attempt s on s.delivery_id = a.delivery_id and s.round = a.round and s.outcome = 'OK' and s.n < a.n
     where a.claimed_at >= {since} and a.kind = 'AUTO' and a.outcome <> 'UNKNOWN'
       and a.started_at > s.ended_at + interval '1 second'
       and not exists (select from attempt u where u.delivery_id = a.delivery_id and u.round = a.round
                       and u.claimed_at < a.claimed_at and u.n < a.n and u.ended_at > a.claimed_at)`,
  ),
  of(
    "W5",
    "no attempt is early, and none is late without a cause",
    // One that ended after its successor began had lost its lease: the wait was counted from the loss.
    `${PAIRS} select delivery_id, n, next_claimed - ended_at as waited, wait from pair
     where next_claimed >= ended_at and next_claimed - ended_at < wait - interval '5 milliseconds'`,
    // A cause: the endpoint was changed, had others to serve or an open breaker; or nobody served anything for a minute.
    `${PAIRS} select delivery_id, n, next_claimed - ended_at as waited, wait from pair p
     where next_claimed - ended_at > wait * 1.2 + interval '15 minutes'
       and not exists (select from endpoint_history h where h.endpoint_id = p.endpoint_id
                       and h.changed_at between p.ended_at and p.next_claimed)
       and not exists (select from attempt o where o.endpoint_id = p.endpoint_id and o.delivery_id <> p.delivery_id
                       and o.claimed_at between p.ended_at and p.next_claimed)
       and (select count(*) from (
              select outcome from attempt o where o.endpoint_id = p.endpoint_id and o.claimed_at <= p.claimed_at
              order by o.claimed_at desc limit 5) x where outcome not in ('OK', 'LOCAL', 'UNKNOWN')) < 5
       and exists (select from attempt o where o.claimed_at between p.ended_at + p.wait * 1.2
                   and p.ended_at + p.wait * 1.2 + interval '1 minute')`,
  ),
  of(
    "W10",
    "a delivery exists for exactly the endpoints whose version of that moment took the event",
    `with version as (
       select h.endpoint_id, h.changed_at as since, lead(h.changed_at) over w as until,
              h.snapshot->>'state' as state, h.snapshot->>'url' as url,
              array(select jsonb_array_elements_text(h.snapshot->'eventTypes')) as types, e.application_id, e.mode
       from endpoint_history h join endpoint e on e.id = h.endpoint_id
       window w as (partition by h.endpoint_id order by h.version)),
     owed as (
       select v.id as event_id, x.endpoint_id, x.state <> 'DELETED' and x.url is not null and takes_type(x.types, v.type) as is_owed
       from event v join version x on x.application_id = v.application_id and x.mode = v.mode
        and v.received_at > x.since + interval '5 seconds'
        and (x.until is null or v.received_at < x.until - interval '5 seconds')
       where v.type <> 'webhook.test' and v.received_at < clock_timestamp() - {quiet} and v.received_at >= {since}
         and v.received_at > clock_timestamp() - interval '29 days')
     select o.event_id, o.endpoint_id, o.is_owed, d.id as delivery from owed o
     left join delivery d on d.event_id = o.event_id and d.endpoint_id = o.endpoint_id
     where o.is_owed <> (d.id is not null) and coalesce(d.kind, 'AUTO') = 'AUTO'`,
  ),
  of(
    "W11",
    "application and mode are one along event, endpoint, delivery and attempt",
    `select d.id, d.application_id, d.mode from delivery d join endpoint e on e.id = d.endpoint_id
     join event v on v.id = d.event_id
     where d.created_at >= {since} and ((d.application_id, d.mode) <> (e.application_id, e.mode)
        or (d.application_id, d.mode) <> (v.application_id, v.mode))`,
    `select a.delivery_id, a.application_id, a.mode from attempt a join delivery d on d.id = a.delivery_id
     where a.claimed_at >= {since} and (a.application_id, a.mode, a.endpoint_id) <> (d.application_id, d.mode, d.endpoint_id)`,
  ),
  of(
    "W13",
    "first tries of one payment begin in the order of its sequence, unless five seconds apart",
    `select a.delivery_id as later, b.delivery_id as earlier, a.claimed_at, b.claimed_at as earlier_claimed
     from delivery x join attempt a on a.delivery_id = x.id and a.n = 1
     join delivery y on y.endpoint_id = x.endpoint_id and y.aggregate = x.aggregate and y.sequence < x.sequence
     join attempt b on b.delivery_id = y.id and b.n = 1
     where a.claimed_at >= {since} and a.claimed_at < b.claimed_at and y.created_at <= x.created_at
       and x.first_due_at > a.claimed_at - interval '5 seconds' and x.kind = 'AUTO' and y.kind = 'AUTO'`,
  ),
];
