-- Money that goes back: refunds, the tries to have them executed, and what the gateway said to each.

create sequence refund_id as bigint;

create table refund (
  id bigint primary key,
  reference text not null unique,
  payment_id bigint not null references payment,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  charge_id bigint not null references charge,
  origin text not null check (origin in ('MERCHANT', 'LATE_MONEY', 'MISMATCH')),
  -- The receipt of late money, the attempt of a mismatch.
  origin_ref text not null check ((origin_ref = '') = (origin = 'MERCHANT')),
  status text not null check (status in ('AWAITING_APPROVAL', 'PENDING', 'SUCCEEDED', 'FAILED', 'REJECTED')),
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  -- What the gateway is asked for, in the account's settlement currency.
  gateway_minor bigint not null check (gateway_minor >= 0),
  gateway_currency text not null,
  reason text not null,
  created_by text not null,
  decided_by text,
  gateway_refund_id text,
  failure_reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  check (decided_by <> created_by),
  check (status <> 'REJECTED' or decided_by is not null),
  check (status <> 'FAILED' or failure_reason is not null)
) with (fillfactor = 80);

create index refund_payment on refund (payment_id, created_at, id);
-- Late money goes back by itself once; money that is not the payment's never twice, whoever asks.
create unique index refund_system_once on refund (charge_id) where created_by = 'system:late-money';
create unique index refund_receipt_once on refund (charge_id)
  where origin <> 'MERCHANT' and status in ('AWAITING_APPROVAL', 'PENDING', 'SUCCEEDED');

create table refund_attempt (
  id bigint generated always as identity primary key,
  refund_id bigint not null references refund,
  no smallint not null check (no between 1 and 999),
  account text not null,
  merchant_refund_ref text not null,
  state text not null check (state in
    ('READY', 'SENDING', 'ACCEPTED', 'SUCCEEDED', 'REJECTED', 'UNKNOWN', 'NOT_EXECUTED')),
  gateway_refund_id text,
  reason text,
  accepted_at timestamptz,
  next_at timestamptz,
  lease_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default clock_timestamp(),
  unique (refund_id, no),
  unique (account, merchant_refund_ref)
) with (fillfactor = 80);

-- A refund is executed by one try at a time.
create unique index refund_attempt_one_open on refund_attempt (refund_id)
  where state in ('READY', 'SENDING', 'ACCEPTED', 'UNKNOWN');
-- Two refunds never follow the same execution.
create unique index refund_attempt_executed_once on refund_attempt (account, gateway_refund_id);
-- The refund worker's list.
create index refund_attempt_due on refund_attempt (next_at) where next_at is not null;

create table refund_call (
  id bigint generated always as identity primary key,
  refund_id bigint not null references refund,
  attempt_no smallint not null,
  operation text not null check (operation in ('refund', 'inquireRefund')),
  -- By the service's clock, which the payment's times were set by.
  asked_at timestamptz not null,
  -- By one monotonic clock; the two moments beside it are not, and their difference says nothing.
  took_ms integer not null check (took_ms >= 0),
  -- When the answer came into force.
  answered_at timestamptz not null default clock_timestamp(),
  outcome text not null,
  cause text,
  detail jsonb not null
);

create index refund_call_refund on refund_call (refund_id, id);

grant usage on sequence refund_id to :app;
grant select, insert, update on refund, refund_attempt to :app;
grant select, insert on refund_call to :app;
