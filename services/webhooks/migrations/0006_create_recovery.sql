-- Jobs that send many deliveries again: a batch and its cursor move together, so a crash neither skips nor repeats.

-- cursor_id: the last delivery looked at; cursor_xid and cursor_event: the last event, for scope MISSING. horizon: what
-- was committed before the job began has a lower transaction id.
create table recovery (
  id bigint generated always as identity primary key,
  endpoint_id bigint not null references endpoint,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  since timestamptz not null,
  until timestamptz not null,
  event_types text[] not null default '{}',
  scope text not null check (scope in ('FAILED', 'MISSING', 'ALL', 'SUSPENDED', 'DISCARD')),
  state text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'CANCELLED')),
  cursor_id bigint not null default 0,
  cursor_xid xid8 not null default '0',
  cursor_event text collate "C" not null default '',
  cursor_at timestamptz,
  horizon xid8 not null default pg_snapshot_xmax(pg_current_snapshot()),
  requeued bigint not null default 0,
  actor text not null,
  created_at timestamptz not null default clock_timestamp(),
  worked_at timestamptz not null default '-infinity',
  finished_at timestamptz,
  check ((state = 'RUNNING') = (finished_at is null))
);
create unique index recovery_running on recovery (endpoint_id) where state = 'RUNNING';

-- One batch of the job that rested longest. Returns whether there is more to do at once.
create function recover_batch(p_limit int, p_pending_limit int) returns boolean language plpgsql as $$
declare
  j recovery;
  e endpoint;
  ids bigint[];
  looked int;
  moved int;
begin
  select * into j from recovery where state = 'RUNNING' order by worked_at, id limit 1 for update skip locked;
  if not found then return false; end if;
  -- Endpoint before deliveries, as everywhere.
  select * into e from endpoint where id = j.endpoint_id for no key update;
  if e.state = 'DELETED' or (j.scope <> 'DISCARD' and (e.state = 'DISABLED' or e.url is null)) then
    update recovery set state = 'CANCELLED', finished_at = clock_timestamp() where id = j.id;
    return true;
  end if;
  update recovery set worked_at = clock_timestamp() where id = j.id;
  if j.scope <> 'DISCARD' and p_pending_limit < (select count(*) from (
      select from delivery where endpoint_id = j.endpoint_id and state = 'PENDING' limit p_pending_limit + 1) x) then
    return false;
  end if;

  if j.scope = 'MISSING' then
    with seen as materialized (
      select v.id, v.xid, v.type, v.aggregate, v.sequence, v.received_at from event v
       where v.application_id = j.application_id and v.mode = j.mode
         and (v.xid, v.id) > (j.cursor_xid, j.cursor_event)
         and v.xid < pg_snapshot_xmin(pg_current_snapshot())
       order by v.xid, v.id limit p_limit),
    made as (
      insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version,
                            style, filter_version, kind)
      select s.id, e.id, j.application_id, j.mode, s.type, s.aggregate, s.sequence, e.schema_version, e.style,
             e.version, 'MANUAL'
        from seen s
       -- What is older may have been delivered and forgotten.
       where s.received_at >= greatest(j.since, clock_timestamp() - interval '30 days') and s.received_at < j.until
         and takes_type(e.event_types, s.type) and s.type <> 'webhook.test'
         and (cardinality(j.event_types) = 0 or takes_type(j.event_types, s.type))
       order by s.xid, s.id on conflict do nothing returning id),
    last as (select xid, id, received_at from seen order by xid desc, id desc limit 1)
    update recovery r set cursor_xid = last.xid, cursor_event = last.id, cursor_at = last.received_at,
           requeued = r.requeued + (select count(*) from made)
      from last where r.id = j.id;
    get diagnostics looked = row_count;
  else
    -- Two queries, because each has an index of its own.
    if j.scope = 'ALL' then
      select array_agg(x.id order by x.id) into ids from (
        select d.id from delivery d
         where d.application_id = j.application_id and d.mode = j.mode and d.id > j.cursor_id
           and d.endpoint_id = j.endpoint_id and d.state in ('PARKED', 'SUSPENDED', 'DELIVERED')
         order by d.id limit p_limit for no key update) x;
    else
      select array_agg(x.id order by x.id) into ids from (
        select d.id from delivery d
         where d.endpoint_id = j.endpoint_id and d.id > j.cursor_id and d.state in ('PARKED', 'SUSPENDED')
           and (j.scope = 'FAILED' or d.state = 'SUSPENDED')
         order by d.id limit p_limit for no key update) x;
    end if;
    looked := coalesce(cardinality(ids), 0);
    update delivery d set
           state = case when j.scope = 'DISCARD' then 'CANCELLED' else 'PENDING' end,
           round = case when j.scope = 'DISCARD' then d.round else d.round + 1 end,
           tries = 0, kind = case d.kind when 'TEST' then d.kind else 'MANUAL' end,
           next_at = clock_timestamp(), first_due_at = clock_timestamp(),
           delivered_at = null, done_at = case when j.scope = 'DISCARD' then clock_timestamp() end,
           updated_at = clock_timestamp()
     where d.id = any (ids) and d.created_at >= j.since and d.created_at < j.until
       and (cardinality(j.event_types) = 0 or takes_type(j.event_types, d.type))
       -- A test is tried once; only what enabling owes it moves it again.
       and (d.kind <> 'TEST' or j.scope in ('SUSPENDED', 'DISCARD'));
    get diagnostics moved = row_count;
    update recovery set cursor_id = coalesce(ids[looked], cursor_id), requeued = requeued + moved,
           cursor_at = coalesce((select d.created_at from delivery d where d.id = ids[looked]), cursor_at)
     where id = j.id;
  end if;
  -- Some other transaction still hides events that were there when the job was asked for.
  if looked = 0 and j.scope = 'MISSING' and pg_snapshot_xmin(pg_current_snapshot()) < j.horizon then return false; end if;
  if looked = 0 then
    update recovery set state = 'DONE', finished_at = clock_timestamp() where id = j.id;
  end if;
  return true;
end $$;

-- Endpoints that are enabled owe their suspended deliveries a job: one that became suspended while the job before
-- ended must not be forgotten.
create function start_owed_recoveries() returns int language sql as $$
  with made as (
    insert into recovery (endpoint_id, application_id, mode, since, until, scope, actor)
    select e.id, e.application_id, e.mode, '-infinity', 'infinity', 'SUSPENDED', 'webhooks'
      from endpoint e
     where e.state in ('ENABLED', 'PAUSED') and e.url is not null
       and exists (select from delivery d where d.endpoint_id = e.id and d.state = 'SUSPENDED')
       and not exists (select from recovery r where r.endpoint_id = e.id and r.state = 'RUNNING')
    on conflict do nothing returning id)
  select count(*)::int from made;
$$;

-- What is older than its retention. Attempts go with their partitions.
create function forget_old(p_limit int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  before timestamptz := clock_timestamp() - interval '30 days';
  gone int;
  old text[];
begin
  delete from idempotency where ctid = any (array(
    select ctid from idempotency where answered_at < (select clock_timestamp() - interval '72 hours') limit p_limit));
  delete from delivery where id in (
    select id from delivery where created_at < before and state not in ('PENDING', 'LEASED')
       and coalesce(done_at, updated_at) < before order by id limit p_limit);
  get diagnostics gone = row_count;
  old := array(
    select v.id from event v where v.received_at < before - interval '6 days'
       and not exists (select from delivery d where d.event_id = v.id) limit p_limit);
  delete from event_body where event_id = any (old);
  delete from event where id = any (old);
  delete from inbox where event_id in (
    select i.event_id from inbox i where i.received_at < before - interval '6 days' and i.outcome = 'APPLIED'
       and not exists (select from event v where v.id = i.event_id) limit p_limit);
  -- Rows that came while their day had no partition.
  delete from attempt_default where ctid = any (array(
    select ctid from attempt_default where claimed_at < before limit p_limit));
  return gone + cardinality(old);
end $$;

revoke all on function recover_batch(int, int), start_owed_recoveries(), forget_old(int) from public;
grant execute on function recover_batch(int, int), start_owed_recoveries(), forget_old(int) to :app;
grant select, insert, update on recovery to :app;
