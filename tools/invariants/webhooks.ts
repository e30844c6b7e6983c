import type { Invariant } from "./invariant.ts";

const of = (name: string, title: string, sql: string): Invariant => ({
  name,
  title,
  database: "webhooks",
  sql,
});

const EVENTS = "(select * from event where type <> 'webhook.test')";

/** Sweep line: how many attempts ran at the moment that each began. UNKNOWN ones ended with their lease at the latest. */
function crowd(keys: string, limit: string, filter = "true"): string {
  return `
    with run as (
      select ${keys}, cap_seen, claimed_at as begun,
             coalesce(ended_at, claimed_at) as ended, delivery_id, n
      from attempt where ${filter} and outcome not in ('UNKNOWN') and started_at is not null),
    step as (
      select ${keys}, begun as at, 1 as d, cap_seen, delivery_id, n from run union all
      select ${keys}, ended as at, -1 as d, cap_seen, delivery_id, n from run),
    total as (
      select *, sum(d) over (partition by ${keys} order by at, d rows unbounded preceding) as running from step)
    select ${keys}, at, running, cap_seen from total where d = 1 and running > ${limit}`;
}

const DELIVERIES: readonly Invariant[] = [
  of(
    "W1",
    "one delivery per event and endpoint, one inbox row per event, both of one transaction",
    `select e.id as event, i.xid as inbox_xid, e.xid as event_xid from event e left join inbox i on i.event_id = e.id
     where i.event_id is null or i.xid <> e.xid
     union all
     select event_id || ' at ' || endpoint_id, null, null from delivery group by event_id, endpoint_id having count(*) > 1`,
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
        or (d.state = 'LEASED' and d.lease_until < clock_timestamp() - {lease})`,
  ),
  of(
    "W3",
    "attempts are 1..n, each begins before it ends and ends in time",
    `select d.id, d.attempts, count(a.n) as found, max(a.n) as last from delivery d
     left join attempt a on a.delivery_id = d.id
     where d.created_at > clock_timestamp() - interval '29 days'
     group by d.id having count(a.n) <> d.attempts or coalesce(max(a.n), 0) <> d.attempts
     union all
     select a.delivery_id, a.n, null, null from attempt a
     where a.started_at > a.ended_at or (a.outcome <> 'UNKNOWN' and a.ended_at > a.started_at + {deadline})
        or (a.outcome is null and a.claimed_at < clock_timestamp() - 2 * {lease} - {quiet})`,
  ),
  of(
    "W4",
    "delivered means a 2xx; parked means tries or age used up; nothing automatic follows a success",
    `select d.id, d.state, d.tries from delivery d
     where d.state = 'DELIVERED' and not exists (
       select from attempt a where a.delivery_id = d.id and a.outcome = 'OK' and a.status between 200 and 299)
     union all
     select d.id, d.state, d.tries from delivery d
     where d.state = 'PARKED' and d.tries < 12 and d.kind <> 'TEST'
       and d.done_at < d.first_due_at + interval '120 hours' * {scale}
     union all
     select a.delivery_id, 'attempt ' || a.n || ' after success', a.n from attempt a
     join attempt s on s.delivery_id = a.delivery_id and s.round = a.round and s.outcome = 'OK' and s.n < a.n
     where a.kind = 'AUTO' and a.outcome <> 'UNKNOWN' and a.started_at > s.ended_at + interval '1 second'
       and not exists (select from attempt u where u.delivery_id = a.delivery_id and u.round = a.round
                       and u.claimed_at < a.claimed_at and u.n < a.n and u.ended_at > a.claimed_at)`,
  ),
  of(
    "W5",
    "no attempt is early: it waits for the schedule, or for what the receiver asked",
    `with waits as (
       select delivery_id, n, round, claimed_at, outcome, kind, retry_after_s,
              lead(claimed_at) over w as next_claimed, lead(kind) over w as next_kind, lead(round) over w as next_round,
              count(*) filter (where outcome <> 'LOCAL') over (w rows unbounded preceding) as tries, ended_at
       from attempt window w as (partition by delivery_id, round order by n))
     select delivery_id, n, next_claimed - ended_at as waited, retry_after_s from waits
     where kind = 'AUTO' and next_kind = 'AUTO' and outcome not in ('OK', 'LOCAL', 'UNKNOWN')
       -- One that ended after its successor began had lost its lease: the wait was counted from the loss.
       and next_claimed >= ended_at and next_claimed - ended_at < greatest(
         (array[5,30,120,600,1800,7200,18000,36000,50400,72000,86400])[least(tries, 11)] * {scale},
         least(coalesce(retry_after_s, 0), 86400)) * interval '1 second' - interval '5 milliseconds'`,
  ),
];

const ENGINE: readonly Invariant[] = [
  of(
    "W6",
    "caps of endpoint, host, application and process were never exceeded",
    `select 'endpoint ' || endpoint_id as of, at, running from (${crowd("endpoint_id", "cap_seen")}) x
     union all select 'host ' || host_key, at, running from (${crowd("host_key", "{hostCap}")}) x
     union all select 'application ' || application_id || ' ' || mode, at, running
       from (${crowd("application_id, mode", "{applicationCap}")}) x
     union all select 'worker ' || worker, at, running from (${crowd("worker", "{slots}")}) x
     union all select 'worker in TEST ' || worker, at, running
       from (${crowd("worker", "{testSlots}", "mode = 'TEST'")}) x`,
  ),
  of(
    "W7",
    "an open breaker lets one probe through at a time",
    `select e.id, e.breaker, count(*) as in_flight from endpoint e
     join delivery d on d.endpoint_id = e.id and d.state = 'LEASED'
     where e.breaker <> 'CLOSED' and d.updated_at > e.open_until group by e.id having count(*) > 1`,
  ),
  of(
    "W8",
    "every attempt sent the frozen bytes",
    `select a.delivery_id, a.n, encode(a.body_sha256, 'hex') as sent, encode(b.sha256, 'hex') as frozen
     from attempt a join delivery d on d.id = a.delivery_id
     join event_body b on b.event_id = d.event_id and b.schema_version = d.schema_version and b.style = d.style
     where a.body_sha256 is not null and a.body_sha256 <> b.sha256
     union all
     select null, null, event_id, encode(sha256, 'hex') from event_body where sha256 <> sha256(bytes)`,
  ),
  of(
    "W9",
    "nothing went to a denied address, and nothing to an endpoint after it was disabled",
    `select a.delivery_id, a.n, host(a.remote_ip) as went_to, null::timestamptz as disabled_at from attempt a
     where a.remote_ip is not null and not exists (select from unnest({allowed}) c where a.remote_ip <<= c)
       and (a.remote_ip <<= any ('{0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,
            192.0.0.0/24,192.0.2.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/3,::/3,
            4000::/2,8000::/1}'::cidr[]))
     union all
     select a.delivery_id, a.n, null, e.disabled_at from attempt a join endpoint e on e.id = a.endpoint_id
     where e.state = 'DISABLED' and a.claimed_at > e.disabled_at + interval '1 second'`,
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
       from ${EVENTS} v join version x on x.application_id = v.application_id and x.mode = v.mode
        and v.received_at > x.since + interval '5 seconds'
        and (x.until is null or v.received_at < x.until - interval '5 seconds')
       where v.received_at < clock_timestamp() - {quiet})
     select o.event_id, o.endpoint_id, o.is_owed, d.id as delivery from owed o
     left join delivery d on d.event_id = o.event_id and d.endpoint_id = o.endpoint_id
     where o.is_owed <> (d.id is not null) and coalesce(d.kind, 'AUTO') = 'AUTO'`,
  ),
  of(
    "W11",
    "application and mode are one along event, endpoint, delivery and attempt",
    `select d.id, d.application_id, d.mode from delivery d join endpoint e on e.id = d.endpoint_id
     join event v on v.id = d.event_id
     where (d.application_id, d.mode) <> (e.application_id, e.mode)
        or (d.application_id, d.mode) <> (v.application_id, v.mode)
     union all
     select a.delivery_id, a.application_id, a.mode from attempt a join delivery d on d.id = a.delivery_id
     where (a.application_id, a.mode, a.endpoint_id) <> (d.application_id, d.mode, d.endpoint_id)`,
  ),
  of(
    "W12",
    "attempts are kept no longer than a month, without secrets and card numbers",
    `select delivery_id, n, claimed_at, left(response_head, 60) as head from attempt
     where claimed_at < clock_timestamp() - interval '32 days' or response_head ~ 'whs(ec|k)_[A-Za-z0-9+/]{8}'
        or response_head ~ '(^|[^0-9*])[0-9]([ -]?[0-9]){12,18}([^0-9]|$)'`,
  ),
  of(
    "W13",
    "first tries of one payment begin in the order of its sequence, unless five seconds apart",
    `select a.delivery_id as later, b.delivery_id as earlier, a.claimed_at, b.claimed_at as earlier_claimed
     from delivery x join attempt a on a.delivery_id = x.id and a.n = 1
     join delivery y on y.endpoint_id = x.endpoint_id and y.aggregate = x.aggregate and y.sequence < x.sequence
     join attempt b on b.delivery_id = y.id and b.n = 1
     where a.claimed_at < b.claimed_at and y.created_at <= x.created_at
       and x.first_due_at > a.claimed_at - interval '5 seconds' and x.kind = 'AUTO' and y.kind = 'AUTO'`,
  ),
];

export const WEBHOOKS: readonly Invariant[] = [...DELIVERIES, ...ENGINE];
