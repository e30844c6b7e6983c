-- A book holds one application's double-entry record in one mode; its accounts, and their totals now and by day.

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
  last_block bigint not null default 0 check (last_block >= 0),
  -- The hash of the last block; before the first one, that of the book's own name.
  head bytea not null check (octet_length(head) = 32),
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
  -- Closed for commands; a fact is posted wherever it belongs.
  status text not null default 'OPEN' check (status in ('OPEN', 'CLOSED')),
  created_at timestamptz not null default clock_timestamp(),
  unique (book_id, path, currency)
);

-- Apart from the account, so that the row which every posting changes is no target of a foreign key. Dead rows of a
-- hot account are cleared early, before its page fills. Limits stand only on accounts that no fact touches.
create table ledger.account_balance (
  account_id int primary key references ledger.account,
  book_id bigint not null,
  debits bigint not null default 0 check (debits >= 0),
  credits bigint not null default 0 check (credits >= 0),
  version bigint not null default 0 check (version >= 0),
  min_balance bigint,
  max_balance bigint,
  constraint account_balance_limits check (
    debits - credits >= coalesce(min_balance, debits - credits)
    and debits - credits <= coalesce(max_balance, debits - credits))
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Totals by business day: a posting for a past day changes one row here and no history. No foreign key here and below: the
-- ids come from the accounts themselves, which are never deleted, and a look per row costs a third of a posting.
create table ledger.account_day (
  account_id int not null,
  day date not null,
  book_id bigint not null,
  debits bigint not null check (debits >= 0),
  credits bigint not null check (credits >= 0),
  primary key (account_id, day)
) with (fillfactor = 50);

-- What one payment, receipt or refund still has open on a clearing account; zero when it is settled.
create table ledger.open_item (
  account_id int not null,
  ref text collate "C" not null check (ref ~ '^[a-z_]+:[A-Za-z0-9:_-]+$'),
  book_id bigint not null,
  amount bigint not null,
  opened_seq bigint not null,
  opened_at timestamptz not null,
  last_seq bigint not null,
  -- The account alone would name the book; in this order it is also the way to an item by its name.
  primary key (book_id, ref, account_id)
) with (fillfactor = 80);
create index open_item_open on ledger.open_item (book_id, account_id, opened_at, ref) where amount <> 0;

grant select on ledger.book, ledger.account, ledger.account_balance, ledger.account_day, ledger.open_item to :app;
