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

grant select, insert on ledger.inbox, ledger.parked_event to :app;
grant update (resolved_at, resolution) on ledger.parked_event to :app;
