-- Each event of the stream once, with the body that every attempt will send.

create table inbox (
  event_id text primary key,
  subject text not null,
  outcome text not null default 'APPLIED' check (outcome in ('APPLIED', 'PARKED')),
  received_at timestamptz not null default clock_timestamp(),
  xid xid8 not null default pg_current_xact_id()
);

-- Events that could not be applied. They block nobody and wait here for a person.
create table parked_event (
  event_id text primary key,
  subject text not null,
  headers jsonb not null,
  payload text not null,
  reason text not null,
  error text,
  deliveries int not null,
  parked_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  resolution text
);
create index parked_event_list on parked_event (parked_at, event_id);

-- aggregate: the payment's reference; sequence: its version.
create table event (
  id text collate "C" primary key,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  type text not null,
  aggregate text not null,
  sequence bigint not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null default clock_timestamp(),
  snapshot jsonb not null,
  xid xid8 not null default pg_current_xact_id()
);
-- Readers follow the order of commits: a late one is never skipped.
create index event_list on event (application_id, mode, xid, id);
create index event_received on event using brin (received_at);

-- Never updated: the first writer wins for ever.
create table event_body (
  event_id text collate "C" not null references event,
  schema_version int not null,
  style text not null,
  bytes bytea not null,
  sha256 bytea not null,
  primary key (event_id, schema_version, style)
);

-- Whether filter entries take a type: `*`, a prefix that ends in `.*`, or the exact name; as `takes` in the domain.
create function takes_type(p_entries text[], p_type text) returns boolean language sql immutable as $$
  select exists (select from unnest(p_entries) x
    where x = '*' or x = p_type or (x like '%.*' and starts_with(p_type, left(x, -1))));
$$;

grant select, insert, update on inbox, parked_event to :app;
grant select, insert on event, event_body to :app;
