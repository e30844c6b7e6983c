-- Applications and the credentials that open them; secrets are stored only as digests.

create table application (
  id bigint generated always as identity primary key,
  name text not null check (length(name) between 1 and 255),
  webhook_url text,
  receipts_enabled boolean not null,
  refund_approval_threshold_minor bigint check (refund_approval_threshold_minor > 0),
  min_amount_minor bigint check (min_amount_minor > 0),
  max_amount_minor bigint check (max_amount_minor > 0),
  late_payment_policy text not null check (late_payment_policy in ('REFUND', 'HOLD')),
  version bigint not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  registration_key text unique,
  registration_fingerprint bytea,
  check (min_amount_minor <= max_amount_minor)
);

create table credential (
  id bigint generated always as identity primary key,
  application_id bigint not null references application,
  mode text not null check (mode in ('TEST', 'LIVE')),
  key_digest bytea not null unique check (octet_length(key_digest) = 32),
  secret_mac bytea not null check (octet_length(secret_mac) = 32),
  pepper_id text not null,
  key_last4 text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create index credential_application on credential (application_id, mode, id);

-- Who did what, from the first day. Append-only by rights: nobody but the owner can change a row.
create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  action text not null,
  application_id bigint not null,
  detail jsonb not null
);

create index audit_log_application on audit_log (application_id, id);

grant select, insert, update on application, credential to :app;
grant select, insert on audit_log to :app;
