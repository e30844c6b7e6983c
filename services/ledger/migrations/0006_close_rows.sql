-- A reader sees one book, the one it named; without a name it sees nothing.

-- Absent or empty means NULL and so no row; what is no number is an error; nothing means "all".
create function ledger.current_book() returns bigint language sql stable parallel safe as $$
  select nullif(current_setting('oi.book_id', true), '')::bigint
$$;
revoke all on function ledger.current_book() from public;
grant execute on function ledger.current_book() to :app;

alter table ledger.book enable row level security;
alter table ledger.account enable row level security;
alter table ledger.account_balance enable row level security;
alter table ledger.account_day enable row level security;
alter table ledger.open_item enable row level security;
alter table ledger.txn enable row level security;
alter table ledger.entry enable row level security;
alter table ledger.rejection enable row level security;
alter table ledger.block enable row level security;
alter table ledger.adjustment enable row level security;
alter table ledger.inbox enable row level security;

create policy own_book on ledger.book for select to :app using (id = ledger.current_book());
create policy own_book on ledger.account for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.account_balance for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.account_day for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.open_item for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.txn for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.entry for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.rejection for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.block for select to :app using (book_id = ledger.current_book());
create policy own_book on ledger.adjustment to :app
  using (book_id = ledger.current_book()) with check (book_id = ledger.current_book());
-- An event that has no book yet is nobody's: parked, or passed over.
create policy own_book on ledger.inbox for select to :app using (book_id is null or book_id = ledger.current_book());
create policy unposted on ledger.inbox for insert to :app with check (book_id is null);

-- The only looks across books: which there are, and which approved adjustments still wait for their posting.
create function ledger.list_books(p_after bigint, p_limit int)
returns table (id bigint, application_id bigint, mode text, utc_offset_minutes smallint, last_seq bigint, last_block bigint,
  head bytea, recorded_at timestamptz)
language sql stable security definer set search_path = ledger, pg_temp as $$
  select id, application_id, mode, utc_offset_minutes, last_seq, last_block, head, recorded_at from book
  where id > p_after order by id limit p_limit
$$;

create function ledger.undone_adjustments(p_after_seconds int, p_limit int)
returns table (id bigint, application_id bigint, mode text)
language sql stable security definer set search_path = ledger, pg_temp as $$
  select a.id, b.application_id, b.mode from adjustment a join book b on b.id = a.book_id
  where a.status = 'APPROVED' and a.decided_at < clock_timestamp() - p_after_seconds * interval '1 second'
    and not exists (select from txn t where t.book_id = a.book_id and t.idem_key = 'adjustment:' || a.id)
    and not exists (select from rejection r where r.book_id = a.book_id and r.idem_key = 'adjustment:' || a.id)
  order by a.decided_at limit p_limit
$$;

create function ledger.expire_adjustments(p_limit int) returns int
language sql security definer set search_path = ledger, pg_temp as $$
  with expired as (
    update adjustment set status = 'EXPIRED', decided_at = clock_timestamp()
    where id = any (array(select id from adjustment where status = 'PROPOSED' and expires_at < clock_timestamp()
      order by expires_at limit p_limit))
      and status = 'PROPOSED'
    returning id)
  select count(*)::int from expired
$$;

revoke all on function ledger.list_books(bigint, int), ledger.undone_adjustments(int, int),
  ledger.expire_adjustments(int) from public;
grant execute on function ledger.list_books(bigint, int), ledger.undone_adjustments(int, int),
  ledger.expire_adjustments(int) to :app;
