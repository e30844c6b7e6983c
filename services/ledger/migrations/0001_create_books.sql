-- A book holds one application's double-entry record in one mode; its posted rows are partitioned apart by mode.

create schema ledger;
grant usage on schema ledger to :app;

-- The sign of the id is the mode, so every key and every partition bound that holds it keeps TEST and LIVE apart.
-- The row is locked by each posting and rewritten by it: the free space keeps those updates on one page.
create table ledger.book (
  id bigint primary key,
  application_id bigint not null check (application_id > 0),
  mode text not null check (mode in ('TEST', 'LIVE')),
  utc_offset_minutes smallint not null default 360 check (utc_offset_minutes between -720 and 840),
  last_seq bigint not null default 0 check (last_seq >= 0),
  recorded_at timestamptz not null default clock_timestamp(),
  check (id = case mode when 'LIVE' then application_id else -application_id end)
) with (fillfactor = 10);

-- Paths sort by bytes, so that a page of them ends at the same place under every locale.
create table ledger.account (
  id int generated always as identity primary key,
  book_id bigint not null references ledger.book,
  path text collate "C" not null
    check (length(path) <= 255 and path ~ '^(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+$'),
  currency text collate "C" not null check (currency ~ '^[A-Z]{3}$'),
  clearing boolean not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (book_id, path, currency)
);

-- Apart from the account, so that the row which every posting changes is no target of a foreign key. Dead rows of a
-- hot account are cleared early, before its page fills.
create table ledger.account_balance (
  account_id int primary key references ledger.account,
  book_id bigint not null,
  debits bigint not null default 0 check (debits >= 0),
  credits bigint not null default 0 check (credits >= 0),
  version bigint not null default 0 check (version >= 0)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Totals by business day: a posting for a past day changes one row here and no history.
create table ledger.account_day (
  account_id int not null references ledger.account,
  day date not null,
  book_id bigint not null,
  debits bigint not null check (debits >= 0),
  credits bigint not null check (credits >= 0),
  primary key (account_id, day)
) with (fillfactor = 50);

-- What one payment, receipt or refund still has open on a clearing account; zero when it is settled.
create table ledger.open_item (
  account_id int not null references ledger.account,
  ref text not null check (ref ~ '^[a-z_]+:[A-Za-z0-9:_-]+$'),
  book_id bigint not null,
  amount bigint not null,
  opened_seq bigint not null,
  opened_at timestamptz not null,
  last_seq bigint not null,
  primary key (account_id, ref)
) with (fillfactor = 80);
create index open_item_open on ledger.open_item (book_id, account_id, opened_at, ref) where amount <> 0;

create table ledger.txn (
  book_id bigint not null,
  seq bigint not null check (seq > 0),
  kind smallint not null,
  rule smallint not null,
  entry_count smallint not null check (entry_count between 2 and 64),
  business_date date not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  idem_key text not null check (length(idem_key) between 1 and 200),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  reference text not null check (length(reference) <= 120 and reference ~ '^[a-z_]+:[A-Za-z0-9:_-]+$'),
  event_id uuid,
  actor text not null,
  -- Text and not jsonb, because these very bytes are to be hashed.
  details text not null check (length(details) <= 8192),
  xid xid8 not null default pg_current_xact_id(),
  primary key (book_id, seq),
  unique (book_id, idem_key)
) partition by range (book_id);
create table ledger.txn_test partition of ledger.txn for values from (minvalue) to (0);
create table ledger.txn_live partition of ledger.txn for values from (1) to (maxvalue);
create unique index txn_event on ledger.txn (book_id, event_id) where event_id is not null;
create index txn_reference on ledger.txn (book_id, reference, seq);

-- Wide columns first: no padding. No foreign keys: a statement trigger checks whole batches, and parents never change.
create table ledger.entry (
  seq bigint not null,
  amount bigint not null check (amount <> 0 and amount between -1000000000000000 and 1000000000000000),
  balance_after bigint not null,
  account_version bigint not null check (account_version > 0),
  book_id bigint not null,
  account_id int not null,
  leg smallint not null,
  ref text check (ref ~ '^[a-z_]+:[A-Za-z0-9:_-]+$'),
  primary key (book_id, seq, leg),
  unique (book_id, account_id, account_version)
) partition by range (book_id);
create table ledger.entry_test partition of ledger.entry for values from (minvalue) to (0);
create table ledger.entry_live partition of ledger.entry for values from (1) to (maxvalue);
create index entry_ref on ledger.entry (book_id, ref, seq) where ref is not null;

-- The service reads; the only way to write is the posting function.
grant select on ledger.book, ledger.account, ledger.account_balance, ledger.account_day, ledger.open_item,
  ledger.txn, ledger.entry to :app;
