import type { Invariant } from "./invariant.ts";
import { queriesOn } from "./query.ts";
import { brokenBodies } from "./webhook-bodies.ts";

const of = queriesOn("webhooks");

/** Sweep line: how many attempts ran at the moment that each began. UNKNOWN ones ended with their lease at the latest. */
function crowd(name: string, keys: string, limit: string, filter = "true"): string {
  return `
    with run as (
      select ${keys}, cap_seen, claimed_at as begun, coalesce(ended_at, claimed_at) as ended, delivery_id, n
      from attempt where ${filter} and outcome <> 'UNKNOWN' and started_at is not null and claimed_at >= {since}),
    step as (
      select ${keys}, begun as at, 1 as d, cap_seen, delivery_id, n from run union all
      select ${keys}, ended as at, -1 as d, cap_seen, delivery_id, n from run),
    total as (
      select *, sum(d) over (partition by ${keys} order by at, d rows unbounded preceding) as running from step)
    select '${name}' as of, ${keys}, at, running, cap_seen from total where d = 1 and running > ${limit}`;
}

/** What says nothing about an endpoint's health. */
const SILENT = "('UNKNOWN', 'LOCAL')";

/**
 * Ends and claims of an endpoint in one line. Five failures in a row open its breaker from the moment of the last one,
 * and every further failure opens it again, for thirty seconds at least. A success ends such a spell. Ends are recorded
 * in batches, so a failure counts for claims a second later.
 */
const BREAKER = `
  with step as (
    select endpoint_id, claimed_at as at, claimed_at as counts_at, 'claim' as what, delivery_id, n, outcome, ended_at
    from attempt where claimed_at >= {since}
    union all
    select endpoint_id, ended_at, ended_at + case outcome when 'OK' then interval '0' else interval '1 second' end,
           case outcome when 'OK' then 'ok' else 'failure' end, delivery_id, n, outcome, ended_at
    from attempt where ended_at is not null and outcome not in ${SILENT} and claimed_at >= {since}),
  spell as (
    select *, count(*) filter (where what = 'ok') over (
      partition by endpoint_id order by at, what <> 'ok' rows unbounded preceding) as spell from step),
  line as (
    select endpoint_id, spell, at, what, delivery_id, n, count(*) filter (where what = 'failure') over so_far as failures,
           max(ended_at) filter (where what = 'failure') over so_far as last_failed,
           lag(what) over in_turn as previous, lag(outcome) over in_turn as previous_outcome,
           lag(ended_at) over in_turn as previous_ended
    from spell window in_turn as (partition by endpoint_id, spell order by counts_at, what),
      so_far as (partition by endpoint_id, spell order by counts_at, what rows unbounded preceding))`;

const UNCHANGED = `not exists (select from endpoint_history h where h.endpoint_id = line.endpoint_id
  and h.changed_at between line.last_failed and line.at)`;

/** Addresses that nobody else can be reached at. */
const RESERVED = `'{0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,
  192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/3,::/3,4000::/2,8000::/1,
  2001::/32,2001:2::/48,2001:db8::/32,2002::/16,3fff::/20}'::cidr[]`;

/** How the engine sends: caps, breaker, bytes, addresses. */
export const ENGINE: readonly Invariant[] = [
  of(
    "W6",
    "caps of endpoint, host, application and process were never exceeded",
    crowd("endpoint", "endpoint_id", "cap_seen"),
    crowd("host", "host_key", "{hostCap}"),
    crowd("application", "application_id, mode", "{applicationCap}"),
    crowd("worker", "worker", "{slots}"),
    crowd("worker in TEST", "worker", "{testSlots}", "mode = 'TEST'"),
  ),
  of(
    "W7",
    "an open breaker lets one probe through per period",
    `${BREAKER} select endpoint_id, delivery_id, n, at as claimed_at, failures, last_failed from line
     where what = 'claim' and failures >= 5 and at < last_failed + interval '30 seconds' * {scale} and ${UNCHANGED}`,
    `${BREAKER} select endpoint_id, delivery_id, n, at as claimed_at, failures, last_failed from line
     where what = 'claim' and failures >= 5 and previous = 'claim' and previous_outcome not in ${SILENT}
       and previous_ended > at and ${UNCHANGED}`,
    `select e.id as endpoint_id, e.breaker, count(*) as in_flight from endpoint e
     join delivery d on d.endpoint_id = e.id and d.state = 'LEASED'
     where e.breaker <> 'CLOSED' and d.updated_at > e.open_until group by e.id having count(*) > 1`,
  ),
  {
    name: "W8",
    title: "every attempt sent the frozen bytes, signed with the secrets of that moment",
    group: "webhooks",
    broken: brokenBodies,
  },
  of(
    "W9",
    "nothing went to a denied address, and nothing to an endpoint after it was disabled",
    `select a.delivery_id, a.n, host(a.remote_ip) as went_to from attempt a
     where a.remote_ip is not null and a.claimed_at >= {since} and a.remote_ip <<= any (${RESERVED})
       and not exists (select from unnest({allowed}) c where a.remote_ip <<= c)`,
    `select a.delivery_id, a.n, a.claimed_at, h.changed_at as disabled_at from (
       select endpoint_id, changed_at, snapshot->>'state' as state,
              lead(changed_at) over (partition by endpoint_id order by version) as until from endpoint_history) h
     join attempt a on a.endpoint_id = h.endpoint_id and a.claimed_at > h.changed_at + interval '1 second'
       and a.claimed_at < coalesce(h.until, 'infinity')
     where h.state in ('DISABLED', 'DELETED') and a.claimed_at >= {since}`,
    `select a.delivery_id, a.n, a.claimed_at, e.disabled_at from attempt a join endpoint e on e.id = a.endpoint_id
     where e.state = 'DISABLED' and a.claimed_at > e.disabled_at + interval '1 second'`,
  ),
  of(
    "W12",
    "attempts are kept no longer than a month, without secrets and card numbers",
    `select delivery_id, n, claimed_at, left(response_head, 60) as head from attempt
     where claimed_at < clock_timestamp() - interval '32 days' or response_head ~ 'whs(ec|k)_[A-Za-z0-9+/]{8}'
        or response_head ~ '(^|[^0-9*])[0-9]([ -]?[0-9]){12,18}([^0-9]|$)'`,
  ),
];
