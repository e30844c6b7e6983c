-- What is posted, what was refused, and the blocks whose hashes chain both; partitioned apart by mode. Names that are
-- looked up compare by bytes: quick, and no index depends on a locale of the system.

create table ledger.txn (
  book_id bigint not null,
  seq bigint not null check (seq > 0),
  block_no bigint not null check (block_no > 0),
  kind smallint not null,
  rule smallint not null,
  entry_count smallint not null check (entry_count between 2 and 64),
  business_date date not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  idem_key text collate "C" not null check (length(idem_key) between 1 and 200),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  reference text collate "C" not null check (length(reference) <= 120 and reference ~ '^[a-z_]+:[A-Za-z0-9:_-]+$'),
  event_id uuid,
  reverses_seq bigint check (reverses_seq < seq),
  actor text not null,
  approver text,
  -- Text and not jsonb, because these very bytes are hashed.
  details text not null check (length(details) <= 8192),
  leaf bytea not null check (octet_length(leaf) = 32),
  xid xid8 not null default pg_current_xact_id(),
  primary key (book_id, seq),
  constraint txn_idem_key unique (book_id, idem_key),
  constraint txn_reversal check ((kind = 31) = (reverses_seq is not null))
) partition by range (book_id);
create table ledger.txn_test partition of ledger.txn for values from (minvalue) to (0);
create table ledger.txn_live partition of ledger.txn for values from (1) to (maxvalue);
create unique index txn_event on ledger.txn (book_id, event_id) where event_id is not null;
create unique index txn_reverses on ledger.txn (book_id, reverses_seq) where reverses_seq is not null;
-- The reference first: a plan made while the table was empty must not take this index for one of the whole book.
create index txn_reference on ledger.txn (reference, book_id, seq);

-- Wide columns first: no padding. No foreign keys: a statement trigger checks whole batches, and parents never change.
create table ledger.entry (
  seq bigint not null,
  amount bigint not null check (amount <> 0 and amount between -1000000000000000 and 1000000000000000),
  balance_after bigint not null,
  -- With the balance it gives both totals as of any sequence.
  debits_after bigint not null check (debits_after >= 0),
  account_version bigint not null check (account_version > 0),
  book_id bigint not null,
  account_id int not null,
  leg smallint not null,
  ref text collate "C" check (ref ~ '^[a-z_]+:[A-Za-z0-9:_-]+$'),
  primary key (book_id, seq, leg),
  constraint entry_version unique (book_id, account_id, account_version)
) partition by range (book_id);
create table ledger.entry_test partition of ledger.entry for values from (minvalue) to (0);
create table ledger.entry_live partition of ledger.entry for values from (1) to (maxvalue);
create index entry_ref on ledger.entry (book_id, ref, seq) where ref is not null;

-- A refused command stays refused: its key answers the same for ever.
create table ledger.rejection (
  book_id bigint not null,
  idem_key text collate "C" not null check (length(idem_key) between 1 and 200),
  block_no bigint not null check (block_no > 0),
  -- Its place among the block's leaves, after the transactions; from 0.
  leaf_index int not null check (leaf_index >= 0),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  code text not null check (code in ('TRANSACTION_NOT_FOUND', 'NOT_REVERSIBLE', 'ALREADY_REVERSED', 'ACCOUNT_NOT_FOUND',
    'ACCOUNT_CLOSED', 'LIMIT_EXCEEDED')),
  recorded_at timestamptz not null,
  leaf bytea not null check (octet_length(leaf) = 32),
  primary key (book_id, idem_key),
  unique (book_id, block_no, leaf_index)
);

create table ledger.block (
  book_id bigint not null,
  block_no bigint not null check (block_no > 0),
  from_seq bigint not null check (from_seq > 0),
  -- Less than from_seq by one when the block holds refusals only.
  to_seq bigint not null check (to_seq >= from_seq - 1),
  leaf_count int not null check (leaf_count > 0),
  recorded_at timestamptz not null,
  root bytea not null check (octet_length(root) = 32),
  prev bytea not null check (octet_length(prev) = 32),
  hash bytea not null check (octet_length(hash) = 32),
  primary key (book_id, block_no)
) partition by range (book_id);
create table ledger.block_test partition of ledger.block for values from (minvalue) to (0);
create table ledger.block_live partition of ledger.block for values from (1) to (maxvalue);
create index block_recorded on ledger.block (book_id, recorded_at);
create index block_to_seq on ledger.block (book_id, to_seq);

-- The service reads; the only way to write is the posting function.
grant select on ledger.txn, ledger.entry, ledger.rejection, ledger.block to :app;
