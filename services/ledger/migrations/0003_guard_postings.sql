-- What is posted balances, and never changes: the database holds this even against its owner's own mistakes.

-- One look at all entries of a statement, because a trigger per row costs four times as much.
create function ledger.check_entries() returns trigger language plpgsql set search_path = ledger, pg_temp as $$
declare
  broken record;
begin
  select s.book_id, s.seq into broken
  from (
    select f.book_id, f.seq, a.currency, sum(f.amount) as total, count(*) as legs, min(f.leg) as first_leg,
      max(f.leg) as last_leg, bool_or(a.id is null or a.clearing <> (f.ref is not null)) as misplaced
    from fresh f left join account a on a.id = f.account_id and a.book_id = f.book_id
    group by f.book_id, f.seq, a.currency) s
  group by s.book_id, s.seq
  having bool_or(s.misplaced) or bool_or(s.total <> 0) or sum(s.legs) < 2
    or min(s.first_leg) <> 1 or max(s.last_leg) <> sum(s.legs)
  limit 1;
  if found then
    raise exception 'transaction % of book % does not balance', broken.seq, broken.book_id using errcode = '23514';
  end if;
  return null;
end $$;

-- On each partition again: a statement trigger of the parent does not see an insert straight into a partition.
create trigger checked after insert on ledger.entry
  referencing new table as fresh for each statement execute function ledger.check_entries();
create trigger checked after insert on ledger.entry_test
  referencing new table as fresh for each statement execute function ledger.check_entries();
create trigger checked after insert on ledger.entry_live
  referencing new table as fresh for each statement execute function ledger.check_entries();

-- A correction is another transaction. Only rows of TEST books may be deleted, and only by who owns the tables.
create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.book_id < 0 then return old; end if;
  raise exception '% of a posted row is refused', lower(tg_op) using errcode = '42501';
end $$;
create trigger no_change before update or delete on ledger.txn for each row execute function ledger.refuse_change();
create trigger no_change before update or delete on ledger.entry for each row execute function ledger.refuse_change();

create function ledger.refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception 'truncate of % is refused', tg_table_name using errcode = '42501';
end $$;
create trigger no_truncate before truncate on ledger.txn_live execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.entry_live execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.account execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.book execute function ledger.refuse_truncate();

revoke all on function ledger.check_entries(), ledger.refuse_change(), ledger.refuse_truncate() from public;
