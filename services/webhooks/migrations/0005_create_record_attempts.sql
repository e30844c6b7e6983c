-- Closes attempts in one call: a delivery moves only for its current token, except that a 2xx always wins.

-- What attempts do to an endpoint's cap and breaker, in the order in which they ended: the rules of `settle` in
-- src/domain/breaker.ts, which is the oracle of their test.
create function settle_endpoint(e endpoint, p_facts jsonb, p_scale double precision) returns endpoint
language plpgsql stable as $$
declare
  f jsonb;
  at timestamptz;
  total_ms int;
begin
  -- By place and not by a query: a query costs more than all the rest of the loop.
  for i in 0 .. jsonb_array_length(p_facts) - 1 loop
    f := p_facts -> i;
    at := (f ->> 'at')::timestamptz;
    if e.win_from is null or at - e.win_from > interval '60 seconds' * p_scale then
      e.win_from := at;
      e.win_total := 0;
      e.win_failed := 0;
    end if;
    e.win_total := e.win_total + 1;
    if f ->> 'outcome' = 'OK' then
      e.fail_streak := 0;
      e.first_fail_at := null;
      e.fail_count := 0;
      e.warned := 0;
      e.last_ok_at := at;
      total_ms := (f ->> 'total_ms')::int;
      if e.breaker = 'HALF_OPEN' then
        e.breaker := 'CLOSED';
        e.open_until := null;
        e.open_seconds := 30;
        e.cap := 4;
        e.ok_streak := 0;
        e.win_from := null;
        e.win_total := 0;
        e.win_failed := 0;
      elsif total_ms > 1000 then
        e.ok_streak := 0;
      elsif e.ok_streak >= 19 then
        e.ok_streak := 0;
        e.cap := least(e.cap + 1, 32);
      else
        e.ok_streak := e.ok_streak + 1;
      end if;
    else
      e.win_failed := e.win_failed + 1;
      e.fail_streak := e.fail_streak + 1;
      e.fail_count := e.fail_count + 1;
      e.first_fail_at := coalesce(e.first_fail_at, at);
      e.ok_streak := 0;
      if f ->> 'outcome' = 'TIMEOUT' or (f ->> 'status')::int in (429, 502, 504) then
        e.cap := greatest(e.cap / 2, 1);
      end if;
      if e.breaker = 'HALF_OPEN' or (e.breaker = 'CLOSED'
          and (e.fail_streak >= 5 or (e.win_total >= 20 and e.win_failed * 2 >= e.win_total))) then
        if e.breaker = 'HALF_OPEN' then e.open_seconds := least(e.open_seconds * 2, 600); end if;
        e.breaker := 'OPEN';
        e.open_until := at + e.open_seconds * interval '1 second' * p_scale;
        e.cap := 4;
        e.win_from := null;
        e.win_total := 0;
        e.win_failed := 0;
      end if;
    end if;
  end loop;
  return e;
end $$;

-- Warns of an endpoint or disables it, if what the attempt saw is still so.
create function apply_incident(p_endpoint bigint, p_kind text, p_level int, p_reason text, p_since timestamptz, p_event jsonb)
returns void language plpgsql as $$
begin
  if p_kind = 'WARN' then
    update endpoint set warned = p_level where id = p_endpoint and warned < p_level and first_fail_at = p_since;
  else
    update endpoint set state = 'DISABLED', disabled_reason = p_reason, disabled_at = clock_timestamp(),
           version = version + 1, updated_at = clock_timestamp()
     where id = p_endpoint and state in ('ENABLED', 'PAUSED') and (p_since is null or first_fail_at = p_since);
  end if;
  if not found then return; end if;
  if p_kind = 'DISABLE' then perform log_endpoint(e, 'webhooks') from endpoint e where e.id = p_endpoint; end if;
  insert into outbox (id, subject, aggregate, version, headers, payload)
  select n.id, n.subject, n.aggregate, n.version, n.headers, n.payload
    from jsonb_to_record(p_event)
      as n (id text, subject text, aggregate text, version bigint, headers jsonb, payload text);
end $$;

-- Locks are taken in one order everywhere: endpoints by id, then deliveries. `p_facts` holds, for each endpoint, what
-- counts for its breaker: UNKNOWN and LOCAL say nothing about it. Rows are found by their keys, one by one: a plan that
-- was made on an empty table, or just after midnight on an empty partition, would read all of it later. For the same
-- reason what is asked of a row stands in a CASE: a guess that few rows pass it would make the planner begin there.
create function record_attempts(p_results jsonb, p_facts jsonb, p_scale double precision) returns int
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  moved int;
begin
  with locked as materialized (
    select ep as before, f.facts from jsonb_to_recordset(p_facts) as f (endpoint_id bigint, facts jsonb)
      join endpoint ep on ep.id = f.endpoint_id
     order by ep.id for no key update of ep),
  settled as materialized (
    select s.* from locked cross join lateral settle_endpoint(locked.before, locked.facts, p_scale) s)
  update endpoint e set cap = s.cap, ok_streak = s.ok_streak, breaker = s.breaker, open_until = s.open_until,
         open_seconds = s.open_seconds, fail_streak = s.fail_streak, win_from = s.win_from,
         win_total = s.win_total, win_failed = s.win_failed, first_fail_at = s.first_fail_at,
         fail_count = s.fail_count, last_ok_at = s.last_ok_at, warned = s.warned
    from settled s where e.id = s.id;

  perform apply_incident(r.endpoint_id, i.kind, i.level, i.reason, i.since, i.event)
    from jsonb_to_recordset(p_results) as r (endpoint_id bigint, incident jsonb)
    cross join lateral jsonb_to_record(r.incident)
      as i (kind text, level int, reason text, since timestamptz, event jsonb)
   where jsonb_typeof(r.incident) = 'object';

  with r as materialized (
    select * from jsonb_to_recordset(p_results) as x (
      delivery_id bigint, attempt int, claimed_at timestamptz, token uuid, outcome text, error text, status int,
      verdict text, delay_ms bigint, is_free boolean, started_at timestamptz, ended_at timestamptz, remote_ip inet,
      dns_ms int, ttfb_ms int, total_ms int, signed_at bigint, secret_versions jsonb, signature text, body_sha256 text,
      response_head text, retry_after_s int, notice jsonb)
    order by delivery_id),
  closed as (
    update attempt a set outcome = r.outcome, error = r.error, status = r.status, started_at = r.started_at,
           ended_at = r.ended_at, remote_ip = r.remote_ip, dns_ms = r.dns_ms, ttfb_ms = r.ttfb_ms,
           total_ms = r.total_ms, signed_at = r.signed_at,
           secret_versions = array(select v::int from jsonb_array_elements_text(r.secret_versions) v),
           signature = r.signature, body_sha256 = decode(r.body_sha256, 'hex'), response_head = r.response_head,
           retry_after_s = r.retry_after_s
      from r
     where a.delivery_id = r.delivery_id and a.n = r.attempt and a.claimed_at = r.claimed_at
       -- What the late worker saw replaces the reaper's guess, never the other way round.
       and case when a.outcome is null then true else a.outcome = 'UNKNOWN' and r.outcome <> 'UNKNOWN' end),
  changed as (
    update delivery d set
           state = case r.verdict when 'RETRY' then 'PENDING' else r.verdict end,
           token = null, lease_until = null, worker = null,
           next_at = case when r.verdict = 'RETRY'
                          then clock_timestamp() + r.delay_ms * interval '1 millisecond' else d.next_at end,
           tries = case when r.is_free then greatest(d.tries - 1, 0) else d.tries end,
           last_status = coalesce(r.status, d.last_status), last_error = r.error,
           last_attempt_at = case when r.outcome = 'UNKNOWN' then r.claimed_at
                                  else coalesce(r.started_at, d.last_attempt_at) end,
           delivered_at = case when r.verdict = 'DELIVERED' then clock_timestamp() end,
           done_at = case when r.verdict <> 'RETRY' then clock_timestamp() end,
           updated_at = clock_timestamp()
      from r
     where d.id = r.delivery_id
       and case when d.state in ('DELIVERED', 'CANCELLED') then false
                else r.verdict = 'DELIVERED' or (d.state = 'LEASED' and d.token = r.token) end
    returning d.id, d.state),
  told as (
    insert into outbox (id, subject, aggregate, version, headers, payload)
    select n.id, n.subject, n.aggregate, n.version, n.headers, n.payload
      from changed c join r on r.delivery_id = c.id
      cross join lateral jsonb_to_record(nullif(r.notice, 'null'::jsonb))
        as n (id text, subject text, aggregate text, version bigint, headers jsonb, payload text)
     where c.state = 'PARKED' and n.id is not null)
  select count(*) into moved from changed;
  return moved;
end $$;

revoke all on function settle_endpoint(endpoint, jsonb, double precision),
  apply_incident(bigint, text, int, text, timestamptz, jsonb), log_endpoint(endpoint, text),
  record_attempts(jsonb, jsonb, double precision) from public;
grant execute on function settle_endpoint(endpoint, jsonb, double precision),
  apply_incident(bigint, text, int, text, timestamptz, jsonb), log_endpoint(endpoint, text),
  record_attempts(jsonb, jsonb, double precision) to :app;
