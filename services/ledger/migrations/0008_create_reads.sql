-- Figures of an account as of any sequence, in as many steps as its number of entries has binary digits.

-- Version and sequence of an account grow together, so one unique index is enough to search. Runs with the caller's
-- rights, and so sees only the caller's book.
create function ledger.account_as_of(p_book_id bigint, p_account_id int, p_seq bigint)
returns table (version bigint, debits bigint, balance bigint)
language plpgsql stable parallel safe set search_path = ledger, pg_temp as $$
#variable_conflict use_column
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
  v_seq bigint;
begin
  select s.version into v_high from account_balance s where s.account_id = p_account_id and s.book_id = p_book_id;
  v_high := coalesce(v_high, 0);
  while v_low < v_high loop
    v_middle := (v_low + v_high + 1) / 2;
    select e.seq into v_seq from entry e
    where e.book_id = p_book_id and e.account_id = p_account_id and e.account_version = v_middle;
    if v_seq <= p_seq then v_low := v_middle; else v_high := v_middle - 1; end if;
  end loop;
  return query
    select v_low, coalesce(e.debits_after, 0), coalesce(e.balance_after, 0) from (select) nothing
    left join entry e on e.book_id = p_book_id and e.account_id = p_account_id and e.account_version = v_low;
end $$;

revoke all on function ledger.account_as_of(bigint, int, bigint) from public;
grant execute on function ledger.account_as_of(bigint, int, bigint) to :app;
