-- Every service that publishes keeps its events here, written in the statement that makes the change.

-- Partitioned by day so that old events are dropped, not deleted; ensure_outbox_partitions makes the days.
create table outbox (
  seq bigint generated always as identity,
  id text not null,
  subject text not null,
  aggregate text not null,
  version bigint not null,
  headers jsonb not null,
  payload text not null,
  xid xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  stream_seq bigint,
  publishes smallint not null default 0,
  primary key (created_at, seq)
) partition by range (created_at);

create table outbox_default partition of outbox default;

-- The relay's work list; partial, so it stays as small as the backlog.
create index outbox_unpublished on outbox (seq) where published_at is null;

-- Which life of the stream we published to. Another `created` means that the stream was lost.
create table stream_epoch (
  stream text primary key,
  created text not null,
  ack_floor bigint not null default 0,
  checked_at timestamptz not null default clock_timestamp()
);

-- Days ahead are made and days past are dropped by the relay's holder; a definer function, because the service itself
-- may not change the schema. Events are kept for 14 days, longer while one of their day is unpublished.
create function ensure_outbox_partitions() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  today date := (clock_timestamp() at time zone 'UTC')::date;
  at date;
  part record;
  open_rows boolean;
begin
  for i in 0..7 loop
    at := today + i;
    if to_regclass(format('outbox_%s', to_char(at, 'YYYYMMDD'))) is null then
      begin
        execute format('create table outbox_%s partition of outbox for values from (%L) to (%L)', to_char(at, 'YYYYMMDD'),
          at::timestamp at time zone 'UTC', (at + 1)::timestamp at time zone 'UTC');
      exception when check_violation then null;  -- the default partition holds rows of that day: they stay there
      end;
    end if;
  end loop;
  for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'outbox'::regclass and c.relname ~ '^outbox_[0-9]{8}$' loop
    if to_date(right(part.relname, 8), 'YYYYMMDD') < today - 14 then
      execute format('select exists (select from %I where published_at is null)', part.relname) into open_rows;
      if not open_rows then execute format('drop table %I', part.relname); end if;
    end if;
  end loop;
end $$;

select ensure_outbox_partitions();

revoke all on function ensure_outbox_partitions() from public;
grant execute on function ensure_outbox_partitions() to :app;
grant select, insert, update on outbox to :app;
grant select, insert, update on stream_epoch to :app;
