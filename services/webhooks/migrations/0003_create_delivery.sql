-- One row per event and endpoint that is retried and listed, and one row per attempt.

-- round rises with every resend; tries are charged to the round, attempts count all.
create table delivery (
  id bigint generated always as identity primary key,
  event_id text collate "C" not null references event,
  endpoint_id bigint not null references endpoint,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  type text not null,
  aggregate text not null,
  sequence bigint not null,
  schema_version int not null,
  style text not null,
  filter_version bigint not null,
  state text not null default 'PENDING'
    check (state in ('PENDING', 'LEASED', 'DELIVERED', 'PARKED', 'SUSPENDED', 'CANCELLED')),
  kind text not null default 'AUTO' check (kind in ('AUTO', 'MANUAL', 'TEST')),
  round smallint not null default 1,
  tries smallint not null default 0,
  attempts int not null default 0,
  next_at timestamptz not null default clock_timestamp(),
  first_due_at timestamptz not null default clock_timestamp(),
  lease_until timestamptz,
  token uuid,
  worker text,
  last_status int,
  last_error text,
  last_attempt_at timestamptz,
  delivered_at timestamptz,
  done_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (event_id, endpoint_id),
  check ((state = 'LEASED') = (token is not null)),
  check ((state = 'LEASED') = (lease_until is not null))
) with (fillfactor = 70);
create index delivery_due on delivery (endpoint_id, next_at, id) where state = 'PENDING';
-- These two name no state: the claim asks by state, and must find only the indexes that lead to a few rows, whatever the
-- statistics say at the moment when its plan is made.
create index delivery_age on delivery (first_due_at) where done_at is null and lease_until is null;
create index delivery_leased on delivery (lease_until) where lease_until is not null;
create index delivery_order on delivery (endpoint_id, aggregate, sequence) where state in ('PENDING', 'LEASED');
create index delivery_failed on delivery (endpoint_id, id) where state in ('PARKED', 'SUSPENDED');
create index delivery_list on delivery (application_id, mode, id);
create index delivery_payment on delivery (application_id, mode, aggregate, id);
create index delivery_created on delivery using brin (created_at);

-- Written at the claim, closed by the result. Partitioned by day: old attempts are dropped, not deleted.
create table attempt (
  delivery_id bigint not null,
  n int not null,
  claimed_at timestamptz not null,
  round smallint not null,
  endpoint_id bigint not null,
  application_id bigint not null,
  mode text not null,
  host_key text not null,
  kind text not null,
  token uuid not null,
  worker text not null,
  cap_seen smallint not null,
  started_at timestamptz,
  ended_at timestamptz,
  outcome text check (outcome in ('OK', 'HTTP', 'TIMEOUT', 'CONNECT', 'TLS', 'DNS', 'BLOCKED', 'UNKNOWN', 'LOCAL')),
  status int,
  error text,
  remote_ip inet,
  dns_ms int,
  ttfb_ms int,
  total_ms int,
  signed_at bigint,
  secret_versions int[],
  signature text,
  body_sha256 bytea,
  response_head text,
  retry_after_s int,
  primary key (delivery_id, n, claimed_at)
) partition by range (claimed_at);
create table attempt_default partition of attempt default;
create index attempt_endpoint on attempt (endpoint_id, claimed_at);

-- A definer function, because the service itself may not change the schema. Attempts are kept for 30 days.
create function ensure_attempt_partitions() returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  today date := (clock_timestamp() at time zone 'UTC')::date;
  at date;
  part record;
begin
  for i in 0..3 loop
    at := today + i;
    if to_regclass(format('attempt_%s', to_char(at, 'YYYYMMDD'))) is null then
      begin
        execute format('create table attempt_%s partition of attempt for values from (%L) to (%L) with (fillfactor = 70)',
          to_char(at, 'YYYYMMDD'), at::timestamp at time zone 'UTC', (at + 1)::timestamp at time zone 'UTC');
      exception
        when check_violation then null;  -- the default partition holds rows of that day: they stay there
        when duplicate_table then null;  -- another replica was faster
      end;
    end if;
  end loop;
  for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'attempt'::regclass and c.relname ~ '^attempt_[0-9]{8}$' loop
    if to_date(right(part.relname, 8), 'YYYYMMDD') < today - 30 then
      execute format('drop table %I', part.relname);
    end if;
  end loop;
end $$;
select ensure_attempt_partitions();

revoke all on function ensure_attempt_partitions() from public;
grant execute on function ensure_attempt_partitions() to :app;
grant select, insert, update on delivery, attempt to :app;
