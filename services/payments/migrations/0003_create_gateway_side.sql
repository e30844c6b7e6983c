-- What passes between us and the gateway: sessions, callbacks as evidence, questions with their answers, charges.

create table gateway_attempt (
  id bigint generated always as identity primary key,
  payment_id bigint not null references payment,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  no smallint not null check (no between 1 and 20),
  account text not null,
  merchant_ref text not null,
  state text not null check (state in
    ('OPENING', 'OPEN', 'REJECTED', 'PAID', 'FAILED', 'CANCELLED', 'EXPIRED', 'UNKNOWN')),
  session_key text,
  redirect_url text,
  reason text,
  hint text,
  failed_at timestamptz,
  doubt_ref text,
  doubt_at timestamptz,
  next_inquiry_at timestamptz,
  inquiry_lease_until timestamptz,
  paid_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default clock_timestamp(),
  unique (payment_id, no),
  unique (account, merchant_ref)
) with (fillfactor = 80);

-- A customer who clicks twenty times has one session.
create unique index gateway_attempt_one_open on gateway_attempt (payment_id) where state in ('OPENING', 'OPEN');
create unique index gateway_attempt_merchant_ref on gateway_attempt (merchant_ref);
-- The inquiry worker's list.
create index gateway_attempt_due on gateway_attempt (next_inquiry_at) where next_inquiry_at is not null;

create table gateway_callback (
  id bigint generated always as identity primary key,
  gateway text not null,
  channel text not null check (channel in ('return', 'notification')),
  reference text,
  attempt_id bigint references gateway_attempt,
  matched_payment_id bigint,
  -- Only of a callback that names nothing we know: what it says, to be weighed when the attempt shows up after all.
  merchant_ref text,
  claim bytea,
  digest bytea not null,
  says text not null,
  gateway_ref text,
  signature text not null check (signature in ('valid', 'weak', 'absent', 'invalid')),
  signature_valid boolean not null,
  claim_differs boolean not null default false,
  outcome text not null check (outcome in
    ('PENDING_VERIFICATION', 'APPLIED', 'DUPLICATE', 'FORGED', 'MISMATCH', 'UNMATCHED', 'STALE')),
  note text,
  raw_payload text,
  duplicate_of bigint references gateway_callback,
  remote_address text not null,
  created_at timestamptz not null default clock_timestamp(),
  decided_at timestamptz
);

create unique index gateway_callback_once on gateway_callback (gateway, channel, digest) where duplicate_of is null;
create index gateway_callback_waiting on gateway_callback (attempt_id, id) where outcome = 'PENDING_VERIFICATION';
create index gateway_callback_unmatched on gateway_callback (created_at) where outcome = 'UNMATCHED';
create index gateway_callback_payment on gateway_callback (matched_payment_id, id);

create table gateway_inquiry (
  id bigint generated always as identity primary key,
  attempt_id bigint not null references gateway_attempt,
  payment_id bigint not null,
  operation text not null check (operation in ('confirm', 'inquire')),
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

create index gateway_inquiry_payment on gateway_inquiry (payment_id, id);

create sequence charge_id as bigint;

-- One row per charge at the gateway, for ever: (account, gateway_ref) is what makes money count once.
create table charge (
  id bigint primary key,
  payment_id bigint not null references payment,
  attempt_id bigint not null references gateway_attempt,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  kind text not null check (kind in ('SETTLEMENT', 'LATE', 'EXTRA', 'MISMATCH')),
  account text not null,
  gateway_ref text not null,
  gateway_txn_id text not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  -- In the account's settlement currency: the charge, and what is left of it after the gateway's fee.
  gross_minor bigint not null,
  settled_minor bigint,
  settled_currency text not null,
  method jsonb not null,
  validated boolean not null,
  recorded_at timestamptz not null,
  unique (account, gateway_ref)
);

create unique index charge_settles_once on charge (payment_id) where kind = 'SETTLEMENT';
-- The ledger books the differing money of an attempt once.
create unique index charge_mismatch_once on charge (attempt_id) where kind = 'MISMATCH';
create index charge_payment on charge (payment_id, id);

-- Money that the gateway says it took and that is not what was asked: evidence for a person. It becomes a charge of the
-- same id when it is confirmed.
create table gateway_mismatch (
  id bigint primary key,
  payment_id bigint not null references payment,
  attempt_id bigint not null references gateway_attempt,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  state text not null check (state in ('OPEN', 'DISMISSED', 'CONFIRMED')),
  reason text not null check (reason in
    ('AMOUNT_MISMATCH', 'CURRENCY_MISMATCH', 'STORE_MISMATCH', 'REFERENCE_MISMATCH')),
  named_reference text not null,
  named_store text,
  account text not null,
  gateway_ref text not null,
  gateway_txn_id text not null,
  amount_minor bigint not null,
  currency text not null,
  gross_minor bigint not null,
  settled_minor bigint,
  settled_currency text not null,
  method jsonb not null,
  validated boolean not null,
  seen_at timestamptz not null,
  decided_at timestamptz
);

create index gateway_mismatch_payment on gateway_mismatch (payment_id, id);

grant usage on sequence charge_id to :app;
grant select, insert, update on gateway_attempt, gateway_callback, gateway_mismatch to :app;
grant select, insert on gateway_inquiry, charge to :app;
