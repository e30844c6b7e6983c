-- Closes attempts in one call: a delivery moves only for its current token, except that a 2xx always wins.

-- Locks are taken in one order everywhere: endpoints by id, then deliveries.
create function record_attempts(p_results jsonb) returns int language plpgsql as $$
declare
  moved int;
begin
  perform 1 from endpoint e
    join (select endpoint_id, bool_or(outcome = 'OK') good, count(*) n
            from jsonb_to_recordset(p_results) as r (endpoint_id bigint, outcome text)
           where outcome not in ('UNKNOWN', 'LOCAL') group by 1) s on s.endpoint_id = e.id
   where not s.good or e.fail_streak > 0
   order by e.id for no key update of e;

  update endpoint e set fail_streak = case when s.good then 0 else e.fail_streak + s.n end
    from (select endpoint_id, bool_or(outcome = 'OK') good, count(*)::int n
            from jsonb_to_recordset(p_results) as r (endpoint_id bigint, outcome text)
           where outcome not in ('UNKNOWN', 'LOCAL') group by 1) s
   where e.id = s.endpoint_id and (not s.good or e.fail_streak > 0);

  with r as materialized (
    select * from jsonb_to_recordset(p_results) as x (
      delivery_id bigint, attempt int, claimed_at timestamptz, token uuid, outcome text, error text, status int,
      verdict text, delay_ms bigint, is_free boolean, started_at timestamptz, ended_at timestamptz, ttfb_ms int,
      total_ms int, signed_at bigint, secret_versions jsonb, retry_after_s int, notice jsonb)
    order by delivery_id),
  closed as (
    update attempt a set outcome = r.outcome, error = r.error, status = r.status, started_at = r.started_at,
           ended_at = r.ended_at, ttfb_ms = r.ttfb_ms, total_ms = r.total_ms, signed_at = r.signed_at,
           secret_versions = array(select v::int from jsonb_array_elements_text(r.secret_versions) v),
           retry_after_s = r.retry_after_s
      from r
     where a.delivery_id = r.delivery_id and a.n = r.attempt and a.claimed_at = r.claimed_at
       -- What the late worker saw replaces the reaper's guess, never the other way round.
       and (a.outcome is null or (a.outcome = 'UNKNOWN' and r.outcome <> 'UNKNOWN'))),
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
       and ((d.state = 'LEASED' and d.token = r.token)
         or (r.verdict = 'DELIVERED' and d.state not in ('DELIVERED', 'CANCELLED')))
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

revoke all on function record_attempts(jsonb) from public;
grant execute on function record_attempts(jsonb) to :app;
