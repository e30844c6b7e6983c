-- What one person proposes and another decides; an approved one is posted under the key adjustment:{id}. What cannot be
-- posted as it was proposed is kept as INVALID with the reason, so that its key gives the same refusal for ever.

create table ledger.adjustment (
  id bigint generated always as identity primary key,
  book_id bigint not null references ledger.book,
  idem_key text not null check (length(idem_key) between 1 and 200),
  -- Text and not jsonb, because these very bytes are hashed.
  content text not null check (length(content) <= 32768),
  content_hash bytea not null check (octet_length(content_hash) = 32),
  maker text not null check (length(maker) between 1 and 200),
  status text not null default 'PROPOSED' check (status in ('PROPOSED', 'APPROVED', 'DECLINED', 'EXPIRED', 'INVALID')),
  checker text check (length(checker) between 1 and 200),
  -- Why it was declined, or the refusal of an invalid one as JSON.
  decision text,
  decided_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null default clock_timestamp() + interval '7 days',
  constraint adjustment_key unique (book_id, idem_key),
  constraint adjustment_two_people check (checker <> maker),
  constraint adjustment_decided check (
    (status = 'PROPOSED') = (decided_at is null) and (status in ('APPROVED', 'DECLINED')) = (checker is not null))
);
create index adjustment_list on ledger.adjustment (book_id, id);
create index adjustment_approved on ledger.adjustment (decided_at) where status = 'APPROVED';
create index adjustment_waiting on ledger.adjustment (expires_at) where status = 'PROPOSED';

grant select on ledger.adjustment to :app;
-- Never the checker: nobody can be said to have agreed from the start.
grant insert (book_id, idem_key, content, content_hash, maker, status, decision, decided_at) on ledger.adjustment to :app;
grant update (status, checker, decision, decided_at) on ledger.adjustment to :app;
