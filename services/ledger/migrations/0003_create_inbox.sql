-- The inbox makes each event count once; what cannot be posted waits beside it for a person.

-- Keyed by the event alone: a stream's own sequence starts again when the stream is lost.
create table ledger.inbox (
  event_id uuid primary key,
  subject text not null,
  book_id bigint,
  outcome text not null check (outcome in ('POSTED', 'REPLAYED', 'IGNORED', 'PARKED')),
  seq bigint,
  received_at timestamptz not null default clock_timestamp(),
  xid xid8 not null default pg_current_xact_id(),
  constraint inbox_outcome check ((outcome in ('POSTED', 'REPLAYED')) = (book_id is not null and seq is not null))
);
create index inbox_received on ledger.inbox (received_at);

create table ledger.parked_event (
  event_id uuid primary key references ledger.inbox,
  -- The id that the event itself bore, readable or not.
  source_id text not null,
  subject text not null,
  headers jsonb not null,
  payload text not null,
  reason text not null,
  error text not null,
  deliveries int not null,
  parked_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  resolution text
);
create index parked_event_waiting on ledger.parked_event (parked_at, event_id) where resolved_at is null;

-- Thirty days: longer than the outbox that events come from repeats them, and the business key lasts for ever. What is or
-- was parked is kept, for it is evidence.
create function ledger.forget_events(p_limit int) returns int
language sql security definer set search_path = ledger, pg_temp as $$
  with gone as (
    delete from inbox where event_id = any (array(
      select i.event_id from inbox i
      where i.received_at < clock_timestamp() - interval '30 days'
        and not exists (select from parked_event p where p.event_id = i.event_id)
      order by i.received_at limit p_limit))
    returning event_id)
  select count(*)::int from gone
$$;
revoke all on function ledger.forget_events(int) from public;
grant execute on function ledger.forget_events(int) to :app;

grant select, insert on ledger.inbox, ledger.parked_event to :app;
grant update (resolved_at, resolution) on ledger.parked_event to :app;
