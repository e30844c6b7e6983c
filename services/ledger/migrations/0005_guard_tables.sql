-- What is posted balances, and never changes: the database holds this even against its owner's own mistakes.

-- A sum of bigints that stays one: the built-in sum makes a numeric of each. Beyond the range it raises.
create aggregate ledger.total(bigint) (sfunc = int8pl, stype = bigint);

-- One look at all entries of a statement, because a trigger per row costs four times as much. Where all accounts are of
-- one currency, which they nearly always are, an account is looked up once and not for each of its entries.
create function ledger.check_entries() returns trigger language plpgsql set search_path = ledger, pg_temp as $$
declare
  v_in_place boolean;
  broken record;
begin
  select bool_and(coalesce(a.clearing = t.clears, false)) and min(a.currency) = max(a.currency) into v_in_place
  from (select distinct f.book_id, f.account_id, f.ref is not null as clears from fresh f) t
  left join account a on a.id = t.account_id and a.book_id = t.book_id;
  if v_in_place and not exists (
    select from fresh f group by f.book_id, f.seq
    having total(f.amount) <> 0 or count(*) < 2 or min(f.leg) <> 1 or max(f.leg) <> count(*)) then
    return null;
  end if;

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
create trigger no_change before update or delete on ledger.block for each row execute function ledger.refuse_change();
create trigger no_change before update or delete on ledger.rejection
  for each row execute function ledger.refuse_change();

create function ledger.refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception 'truncate of % is refused', tg_table_name using errcode = '42501';
end $$;
create trigger no_truncate before truncate on ledger.txn_live execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.entry_live execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.block_live execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.rejection execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.adjustment execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.account execute function ledger.refuse_truncate();
create trigger no_truncate before truncate on ledger.book execute function ledger.refuse_truncate();

-- An account that was posted to keeps its name and its nature; it may be closed.
create function ledger.keep_account() returns trigger language plpgsql as $$
begin
  if (new.id, new.book_id, new.path, new.currency, new.clearing, new.created_at)
     is distinct from (old.id, old.book_id, old.path, old.currency, old.clearing, old.created_at) then
    raise exception 'only the status of an account may change' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger keep_account before update on ledger.account for each row execute function ledger.keep_account();

-- Decided once, by somebody else than the maker; what was proposed stays as it was.
create function ledger.keep_adjustment() returns trigger language plpgsql as $$
begin
  if old.status <> 'PROPOSED'
     or (new.id, new.book_id, new.idem_key, new.content, new.content_hash, new.maker, new.created_at, new.expires_at)
        is distinct from
        (old.id, old.book_id, old.idem_key, old.content, old.content_hash, old.maker, old.created_at, old.expires_at) then
    raise exception 'an adjustment is decided once and never rewritten' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger keep_adjustment before update on ledger.adjustment for each row execute function ledger.keep_adjustment();
create trigger no_delete before delete on ledger.adjustment for each row execute function ledger.refuse_change();

-- TEST may be wiped, by the owner alone; LIVE is not touched. Events and parked ones of TEST books stay known.
create function ledger.wipe_test() returns void language plpgsql set search_path = ledger, pg_temp as $$
begin
  truncate txn_test, entry_test, block_test;
  delete from rejection where book_id < 0;
  delete from adjustment where book_id < 0;
  delete from open_item where book_id < 0;
  delete from account_day where book_id < 0;
  delete from account_balance where book_id < 0;
  delete from account where book_id < 0;
  delete from book where id < 0;
end $$;

revoke all on function ledger.total(bigint), ledger.check_entries(), ledger.refuse_change(), ledger.refuse_truncate(),
  ledger.keep_account(), ledger.keep_adjustment(), ledger.wipe_test() from public;
