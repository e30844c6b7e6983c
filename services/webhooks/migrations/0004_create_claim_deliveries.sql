-- The fair claim: due rows of the endpoints served longest ago, within the caps of endpoint, host and application.

-- Which deliveries are sent next, locked with their endpoints. An endpoint that fails, or has kept an attempt for more
-- than 500 ms, is suspect: it gets one at a time, out of a share of its own. One whose breaker is open gets nothing until
-- its time is over, and then exactly one delivery, the oldest that is due. p_app_caps has the caps of single
-- applications, by id.
--
-- The plan is made once per connection, perhaps while nothing waits, and must be linear in the endpoints whatever it was
-- made on. So rows of tables are found by their keys inside laterals that cannot be rearranged (`offset 0`), and what is
-- computed is joined by hash: a nested loop looks best while a list is empty and reads it once per endpoint later.
create function choose_deliveries(
  t timestamptz, p_worker text, p_slots int, p_test_slots int, p_suspect_slots int, p_endpoints int, p_lease interval,
  p_host_cap int, p_app_cap int, p_app_caps jsonb)
returns bigint[] language plpgsql
set enable_seqscan = off set enable_nestloop = off set enable_hashjoin = on set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
begin
  return array(
  with recursive due(endpoint_id, next_at) as (  -- skip scan: the earliest waiting row of each endpoint that has any
    (select d.endpoint_id, d.next_at from delivery d where d.state = 'PENDING' order by d.endpoint_id, d.next_at limit 1)
    union all
    select x.* from due cross join lateral (
      select d.endpoint_id, d.next_at from delivery d
       where d.state = 'PENDING' and d.endpoint_id > due.endpoint_id order by d.endpoint_id, d.next_at limit 1) x),
  busy as materialized (
    select l.endpoint_id, l.n, l.mine, e.host_key, e.application_id, e.mode,
           e.fail_streak > 0 or l.ends < t + p_lease - interval '500 ms' suspect
      from (select d.endpoint_id, count(*)::int n, (count(*) filter (where d.worker = p_worker))::int mine,
                   min(d.lease_until) ends
              from delivery d where d.lease_until is not null group by d.endpoint_id) l
     cross join lateral (
       select e.host_key, e.application_id, e.mode, e.fail_streak from endpoint e where e.id = l.endpoint_id offset 0) e),
  busy_host as materialized (select host_key, sum(n)::int n from busy group by 1),
  busy_app as materialized (select application_id, mode, sum(n)::int n from busy group by 1, 2),
  suspects as (select greatest(p_suspect_slots - coalesce(sum(mine), 0), 0)::int room from busy where suspect),
  ready as (
    select e.id, s.suspect, s.top - coalesce(b.n, 0) room, p_host_cap - coalesce(bh.n, 0) host_room,
           a.cap - coalesce(ba.n, 0) app_room,
           row_number() over (partition by s.suspect order by e.last_served, e.id) k,
           2 * p_slots / count(*) over () + 1 share  -- enough for the slots, even where other caps refuse half of it
      from due
      cross join lateral (
        select e.id, e.host_key, e.application_id, e.mode, e.cap, e.breaker, e.fail_streak, e.last_served
          from endpoint e
         where e.id = due.endpoint_id and e.state = 'ENABLED' and e.kind = 'URL' and e.url is not null
           and (e.breaker = 'CLOSED' or e.open_until <= t) offset 0) e
      left join busy b on b.endpoint_id = e.id
      left join busy_host bh on bh.host_key = e.host_key
      left join busy_app ba on ba.application_id = e.application_id and ba.mode = e.mode
      cross join lateral (
        select coalesce((p_app_caps ->> e.application_id::text)::int, p_app_cap) cap) a
      cross join lateral (
        select f.suspect, case when f.suspect or e.breaker <> 'CLOSED' then 1 else e.cap end top
          from (select coalesce(b.suspect, e.fail_streak > 0) suspect) f) s
     where due.next_at <= t and coalesce(b.n, 0) < s.top and coalesce(bh.n, 0) < p_host_cap
       and coalesce(ba.n, 0) < a.cap),
  pick as materialized (  -- no key update: it does not wait for the foreign keys of new deliveries
    select e.*, least(r.room, r.host_room, r.app_room, r.share) room, r.host_room, r.app_room
      from ready r cross join lateral (
        select e.id, e.host_key, e.application_id, e.mode, e.last_served from endpoint e
         where e.id = r.id and e.state = 'ENABLED' and e.url is not null
           and (e.breaker = 'CLOSED' or e.open_until <= t)
           for no key update skip locked) e
     where r.k <= case when r.suspect then least(greatest(p_endpoints / 4, 1), (select room from suspects))
                       else p_endpoints end),
  cand as (
    select p.*, x.id did, row_number() over (partition by p.id order by x.next_at, x.id) rn
      from pick p cross join lateral (
        select d.id, d.next_at from delivery d
         where d.endpoint_id = p.id and d.state = 'PENDING' and d.next_at <= t
           and (d.first_due_at < t - interval '5 s' or not exists (  -- soft order: first tries follow the sequence
                 select 1 from delivery h
                  where h.endpoint_id = d.endpoint_id and h.aggregate = d.aggregate and h.sequence < d.sequence
                    and ((h.state = 'PENDING' and h.attempts = 0) or (h.state = 'LEASED' and h.attempts = 1))))
         order by d.next_at, d.id limit p.room) x),
  ranked as (
    select c.*, row_number() over (partition by host_key collate "C" order by rn, last_served, id) rh,
           row_number() over (partition by application_id, mode order by rn, last_served, id) ra,
           row_number() over (partition by mode = 'TEST' order by rn, last_served, id) rm
      from cand c),
  take as (
    select did from ranked
     where rh <= host_room and ra <= app_room and (mode = 'LIVE' or rm <= p_test_slots)
     order by rn, last_served, id limit p_slots)
  select d.id from take cross join lateral (  -- the CASE hides the indexes by state, which lead to all that waits
    select d.id from delivery d
     where d.id = take.did and case when d.state = 'PENDING' then true end for no key update skip locked) d);
end $$;

-- Room is counted from LEASED rows, which is right only if claims follow one another: hence the lock. It lives inside
-- one autocommit call, so a stopped client cannot hold it.
create function claim_deliveries(
  p_worker text, p_slots int, p_test_slots int, p_suspect_slots int, p_endpoints int, p_lease interval,
  p_host_cap int, p_app_cap int, p_app_caps jsonb)
returns table (delivery_id bigint, token uuid, attempt int, tries smallint, claimed_at timestamptz)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  t timestamptz;
  chosen bigint[];
begin
  perform pg_advisory_xact_lock(7340001);
  t := clock_timestamp();  -- after the lock; the next statement takes a fresh snapshot
  chosen := choose_deliveries(t, p_worker, p_slots, p_test_slots, p_suspect_slots, p_endpoints, p_lease, p_host_cap,
                              p_app_cap, p_app_caps);
  if cardinality(chosen) = 0 then return; end if;
  return query
  with leased as (
    update delivery d set state = 'LEASED', token = gen_random_uuid(), worker = p_worker, lease_until = t + p_lease,
           attempts = d.attempts + 1, tries = d.tries + 1, updated_at = t
     where d.id = any (chosen) returning d.*),
  served as (
    update endpoint e set last_served = t, breaker = case e.breaker when 'OPEN' then 'HALF_OPEN' else e.breaker end
      from (select distinct endpoint_id from leased) l where e.id = l.endpoint_id),
  logged as (
    insert into attempt (delivery_id, n, claimed_at, round, endpoint_id, application_id, mode, host_key, kind, token,
                         worker, cap_seen)
    select l.id, l.attempts, t, l.round, l.endpoint_id, l.application_id, l.mode, coalesce(e.host_key, ''), l.kind,
           l.token, p_worker, e.cap
      from leased l join endpoint e on e.id = l.endpoint_id)
  select l.id, l.token, l.attempts, l.tries, t from leased l;
end $$;

revoke all on function
  choose_deliveries(timestamptz, text, int, int, int, int, interval, int, int, jsonb),
  claim_deliveries(text, int, int, int, int, interval, int, int, jsonb) from public;
grant execute on function
  choose_deliveries(timestamptz, text, int, int, int, int, interval, int, int, jsonb),
  claim_deliveries(text, int, int, int, int, interval, int, int, jsonb) to :app;
