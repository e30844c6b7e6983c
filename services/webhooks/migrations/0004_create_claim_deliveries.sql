-- The fair claim: due rows of the endpoints served longest ago, within the caps of endpoint, host and application.

-- Room is counted from LEASED rows, which is right only if claims follow one another: hence the lock. It lives inside
-- one autocommit call, so a stopped client cannot hold it. An endpoint that fails, or has kept an attempt for more than
-- 500 ms, is suspect: it gets one at a time, out of a share of its own. One whose breaker is open gets nothing until
-- its time is over, and then exactly one delivery, the oldest that is due. The plan is made once per connection, perhaps
-- while nothing waits: it may not contain what would read a whole table once much does. p_app_caps has the caps of
-- single applications, by id.
create function claim_deliveries(
  p_worker text, p_slots int, p_test_slots int, p_suspect_slots int, p_endpoints int, p_lease interval,
  p_host_cap int, p_app_cap int, p_app_caps jsonb)
returns table (delivery_id bigint, token uuid, attempt int, tries smallint, claimed_at timestamptz)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  t timestamptz;
begin
  perform pg_advisory_xact_lock(7340001);
  t := clock_timestamp();  -- after the lock; the next statement takes a fresh snapshot
  return query
  with recursive due(endpoint_id, next_at) as (  -- skip scan: the earliest waiting row of each endpoint that has any
    (select d.endpoint_id, d.next_at from delivery d where d.state = 'PENDING' order by d.endpoint_id, d.next_at limit 1)
    union all
    select x.* from due cross join lateral (
      select d.endpoint_id, d.next_at from delivery d
       where d.state = 'PENDING' and d.endpoint_id > due.endpoint_id order by d.endpoint_id, d.next_at limit 1) x),
  busy as (
    select e.id, e.host_key, e.application_id, e.mode, count(*)::int n,
           (count(*) filter (where d.worker = p_worker))::int mine,
           e.fail_streak > 0 or min(d.lease_until) < t + p_lease - interval '500 ms' suspect
      from delivery d join endpoint e on e.id = d.endpoint_id where d.lease_until is not null group by e.id),
  busy_host as (select host_key, sum(n)::int n from busy group by 1),
  busy_app as (select application_id, mode, sum(n)::int n from busy group by 1, 2),
  suspects as (select greatest(p_suspect_slots - coalesce(sum(mine), 0), 0)::int room from busy where suspect),
  ready as (
    select e.id, s.suspect, s.top - coalesce(b.n, 0) room, p_host_cap - coalesce(bh.n, 0) host_room,
           a.cap - coalesce(ba.n, 0) app_room,
           row_number() over (partition by s.suspect order by e.last_served, e.id) k
      from due
      join endpoint e on e.id = due.endpoint_id
      left join busy b on b.id = e.id
      left join busy_host bh on bh.host_key = e.host_key
      left join busy_app ba on ba.application_id = e.application_id and ba.mode = e.mode
      cross join lateral (
        select coalesce((p_app_caps ->> e.application_id::text)::int, p_app_cap) cap) a
      cross join lateral (
        select f.suspect, case when f.suspect or e.breaker <> 'CLOSED' then 1 else e.cap end top
          from (select coalesce(b.suspect, e.fail_streak > 0) suspect) f) s
     where due.next_at <= t and e.state = 'ENABLED' and e.kind = 'URL' and e.url is not null
       and (e.breaker = 'CLOSED' or e.open_until <= t)
       and coalesce(b.n, 0) < s.top and coalesce(bh.n, 0) < p_host_cap and coalesce(ba.n, 0) < a.cap),
  pick as (  -- no key update: it does not wait for the foreign keys of new deliveries
    select e.id, e.host_key, e.application_id, e.mode, e.cap, e.last_served, r.suspect, r.room, r.host_room, r.app_room
      from ready r join endpoint e on e.id = r.id
     where e.state = 'ENABLED' and e.url is not null and (e.breaker = 'CLOSED' or e.open_until <= t)
       and r.k <= case when r.suspect then least(greatest(p_endpoints / 4, 1), (select room from suspects))
                       else p_endpoints end
       for no key update of e skip locked),
  cand as (
    select p.*, x.id did, row_number() over (partition by p.id order by x.next_at, x.id) rn
      from pick p cross join lateral (
        select d.id, d.next_at from delivery d
         where d.endpoint_id = p.id and d.state = 'PENDING' and d.next_at <= t
           and (d.first_due_at < t - interval '5 s' or not exists (  -- soft order: first tries follow the sequence
                 select 1 from delivery h
                  where h.endpoint_id = d.endpoint_id and h.aggregate = d.aggregate and h.sequence < d.sequence
                    and ((h.state = 'PENDING' and h.attempts = 0) or (h.state = 'LEASED' and h.attempts = 1))))
         order by d.next_at, d.id limit p.room for no key update skip locked) x),
  ranked as (
    select c.*, row_number() over (partition by host_key order by rn, last_served, id) rh,
           row_number() over (partition by application_id, mode order by rn, last_served, id) ra,
           row_number() over (partition by mode order by rn, last_served, id) rm
      from cand c),
  take as (
    select * from ranked
     where rh <= host_room and ra <= app_room and (mode = 'LIVE' or rm <= p_test_slots)
     order by rn, last_served, id limit p_slots),
  leased as (
    update delivery d set state = 'LEASED', token = gen_random_uuid(), worker = p_worker, lease_until = t + p_lease,
           attempts = d.attempts + 1, tries = d.tries + 1, updated_at = t
      from take where d.id = take.did returning d.*, take.host_key as host, take.cap as cap),
  logged as (
    insert into attempt (delivery_id, n, claimed_at, round, endpoint_id, application_id, mode, host_key, kind, token,
                         worker, cap_seen)
    select id, attempts, t, round, endpoint_id, application_id, mode, coalesce(host, ''), kind, token, p_worker, cap
      from leased),
  served as (
    update endpoint e set last_served = t, breaker = case e.breaker when 'OPEN' then 'HALF_OPEN' else e.breaker end
      from (select distinct endpoint_id from leased) l where e.id = l.endpoint_id)
  select l.id, l.token, l.attempts, l.tries, t from leased l;
end $$;

revoke all on function claim_deliveries(text, int, int, int, int, interval, int, int, jsonb) from public;
grant execute on function claim_deliveries(text, int, int, int, int, interval, int, int, jsonb) to :app;
