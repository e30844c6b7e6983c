-- Payments, their history, and the answers that repeated requests get again.

-- Ids are reserved in blocks before the commit, so that answer and event are complete when they are stored.
create sequence payment_id as bigint;

-- No foreign key to application: the creating statement reads the application's row anyway, and a key share lock on
-- one hot row per payment would make every merchant's payments queue up.
create table payment (
  id bigint primary key,
  application_id bigint not null,
  mode text not null check (mode in ('TEST', 'LIVE')),
  reference text not null unique,
  status text not null check (status in
    ('CREATED', 'PENDING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED', 'PARTIALLY_REFUNDED', 'REFUNDED')),
  amount_minor bigint not null check (amount_minor between 1 and 999999999999999),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  customer_reference text not null,
  customer_email text,
  customer_phone text,
  customer_name text,
  product_name text,
  redirect_url text,
  gateway text not null,
  gateway_txn_id text,
  failure_reason text,
  risk_level smallint check (risk_level in (0, 1)),
  review_reasons text[] not null default '{}',
  -- Since when there is one; null while there is none.
  review_since timestamptz,
  paid_minor bigint not null default 0,
  reserved_minor bigint not null default 0 check (reserved_minor >= 0),
  refunded_minor bigint not null default 0 check (refunded_minor >= 0),
  paid_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  revision bigint not null,
  check (paid_minor in (0, amount_minor)),
  check (refunded_minor <= reserved_minor and reserved_minor <= paid_minor),
  check ((status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')) = (paid_minor > 0)),
  check ((paid_minor > 0) = (paid_at is not null)),
  check ((cardinality(review_reasons) > 0) = (review_since is not null))
) with (fillfactor = 80);  -- a payment is updated three or four times; the room keeps those updates HOT

create index payment_customer on payment (application_id, mode, customer_reference, created_at desc, id desc);
-- The sweep's work list: only payments that are open, so it stays small.
create index payment_open on payment (expires_at) where status in ('CREATED', 'PENDING');

-- What people have to look at, in the order of its waiting; of one application and of all.
create index payment_under_review on payment (mode, review_since, id) where review_since is not null;
create index payment_under_review_of on payment (application_id, mode, review_since, id) where review_since is not null;

create table payment_history (
  payment_id bigint not null references payment,
  version bigint not null,
  from_status text,
  to_status text not null,
  cause text not null,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  primary key (payment_id, version)
);

create table idempotency (
  application_id bigint not null,
  mode text not null,
  route text not null,
  key text not null,
  fingerprint bytea not null,
  resource_id bigint not null,
  status smallint not null,
  answer bytea not null,
  request_id text not null,
  render_version int not null,
  answered_at timestamptz not null default clock_timestamp(),
  primary key (application_id, mode, route, key)
);

-- The purge's list. Rows come in the order of this index, so keeping it costs next to nothing.
create index idempotency_age on idempotency (answered_at);

-- When a review flag was raised and taken off; append-only.
create table payment_review (
  id bigint generated always as identity primary key,
  payment_id bigint not null references payment,
  reason text not null,
  raised boolean not null,
  actor text not null,
  note text,
  at timestamptz not null default clock_timestamp()
);

create index payment_review_payment on payment_review (payment_id, id);

grant usage on sequence payment_id to :app;
grant select, insert, update on payment to :app;
grant select, insert on payment_history, payment_review to :app;
grant select, insert, delete on idempotency to :app;
