-- Receipt numbers and the timeline's way to events. Numbers: 1, 2, 3 … per application and mode, without gaps, each given once and for ever.

-- A sequence would leave a gap with every transaction that fails; a row that is counted up in the same transaction as
-- the number is used does not.
create table receipt_counter (
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  last bigint not null,
  primary key (application_id, mode)
);

create table receipt (
  payment_id bigint primary key references payment,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  number bigint not null check (number > 0),
  issued_at timestamptz not null default clock_timestamp(),
  unique (application_id, mode, number)
);

grant select, insert, update on receipt_counter to :app;
grant select, insert on receipt to :app;

-- A payment's timeline shows its events; without this it would read every day of the outbox.
create index outbox_aggregate on outbox (aggregate);
