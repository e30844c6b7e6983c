-- The only way to write a posting: a batch of one book, in one transaction, under that book's lock.

create function ledger.ensure_book(p_application_id bigint, p_mode text) returns smallint
language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  v_id bigint := case p_mode when 'LIVE' then p_application_id else -p_application_id end;
  v_offset smallint;
begin
  select utc_offset_minutes into v_offset from book where id = v_id;
  if not found then
    insert into book (id, application_id, mode) values (v_id, p_application_id, p_mode) on conflict do nothing;
    select utc_offset_minutes into v_offset from book where id = v_id;
  end if;
  return v_offset;
end $$;

-- The planner takes an array for ten rows and an empty table for ten pages, and its plans stay while both grow. So arrays
-- are addressed by subscript, every look into a table is a subquery per element that one unique index answers, and the
-- settings forbid plans that read or keep a whole table. An absent event is the zero UUID and an absent open item is '',
-- because one null in an array makes every subscript walk it.
create function ledger.post_batch(
  p_book_id bigint,
  -- One element per item.
  p_keys text[], p_hashes text[], p_kinds smallint[], p_rules smallint[], p_dates date[], p_occurred_ms bigint[],
  p_references text[], p_event_ids uuid[], p_subjects text[], p_actors text[], p_details text[],
  -- One element per account, each account once.
  p_paths text[], p_currencies text[], p_clearing boolean[],
  -- One element per leg, ordered by item: the item's number, the account's number, the amount, the open item.
  p_leg_items int[], p_leg_accounts int[], p_leg_amounts bigint[], p_leg_refs text[]
) returns table (item int, code text, txn_seq bigint)
language plpgsql security definer
set search_path = ledger, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  c_no_event constant uuid := '00000000-0000-0000-0000-000000000000';
  v_first_seq bigint;
  v_last_seq bigint;
  v_recorded_at timestamptz;
  v_codes text[];
  v_seqs bigint[];
  v_twins int[];
  v_ids int[];
  v_ranks int[];
  v_balances bigint[];
  v_versions bigint[];
begin
  -- The book first, then balances by account id: one order for all, and one book per call, so calls cannot deadlock.
  select b.last_seq, greatest(clock_timestamp(), b.recorded_at) into v_first_seq, v_recorded_at
  from book b where b.id = p_book_id for no key update;
  if not found then raise exception 'book % was not opened', p_book_id using errcode = 'P0002'; end if;
  v_last_seq := v_first_seq;

  -- What is known already: by its event, else by its business key. The rest is new, or repeats an item of this batch.
  select array_agg(k.code order by k.n), array_agg(k.seq order by k.n), array_agg(k.twin order by k.n)
  into v_codes, v_seqs, v_twins
  from (
    select i.n, (min(i.n) over (partition by i.key))::int as twin, coalesce(e.seq, t.seq, 0) as seq,
      case when e.seq is not null then 'REPLAYED'
           when t.seq is null then ''
           when t.request_hash = decode(p_hashes[i.n], 'hex') then 'REPLAYED'
           else 'IDEMPOTENCY_KEY_CONFLICT' end as code
    from unnest(p_keys, p_event_ids) with ordinality as i (key, event_id, n)
    left join lateral (select seq from inbox where event_id = i.event_id limit 1) e on true
    left join lateral (
      select seq, request_hash from txn where book_id = p_book_id and idem_key = i.key limit 1) t on true) k;
  for i in 1 .. cardinality(p_keys) loop
    continue when v_codes[i] <> '';
    if v_twins[i] = i then
      v_last_seq := v_last_seq + 1;
      v_seqs[i] := v_last_seq;
      v_codes[i] := 'POSTED';
    else
      v_seqs[i] := v_seqs[v_twins[i]];
      v_codes[i] := case when p_hashes[i] = p_hashes[v_twins[i]] then 'REPLAYED' else 'IDEMPOTENCY_KEY_CONFLICT' end;
    end if;
  end loop;

  if v_last_seq > v_first_seq then
    -- Accounts open by first use, and only for what is posted.
    select array_agg(coalesce((select a.id from account a
        where a.book_id = p_book_id and a.path = k.path and a.currency = k.currency), 0) order by k.n) into v_ids
    from unnest(p_paths, p_currencies) with ordinality as k (path, currency, n);
    if 0 = any (v_ids) then
      with opened as (
        insert into account (book_id, path, currency, clearing)
        select p_book_id, p_paths[u.n], p_currencies[u.n], p_clearing[u.n]
        from (select distinct l.account as n from unnest(p_leg_items, p_leg_accounts) as l (item, account)
              where v_codes[l.item] = 'POSTED' and v_ids[l.account] = 0) u
        order by u.n
        returning id, book_id)
      insert into account_balance (account_id, book_id) select o.id, o.book_id from opened o;
      select array_agg(coalesce((select a.id from account a
          where a.book_id = p_book_id and a.path = k.path and a.currency = k.currency), 0) order by k.n) into v_ids
      from unnest(p_paths, p_currencies) with ordinality as k (path, currency, n);
    end if;

    -- Balances and versions before this batch, addressed by the rank of the account's id.
    select array_agg(r.rank order by r.n) into v_ranks
    from (select k.n, (dense_rank() over (order by k.id))::int - (0 = any (v_ids))::int as rank
          from unnest(v_ids) with ordinality as k (id, n)) r;
    select array_agg(b.balance order by b.account_id), array_agg(b.version order by b.account_id)
    into v_balances, v_versions
    from (select account_id, debits - credits as balance, version from account_balance
          where account_id = any (v_ids) order by account_id for no key update) b;

    insert into txn (book_id, seq, kind, rule, entry_count, business_date, occurred_at, recorded_at, idem_key,
      request_hash, reference, event_id, actor, details)
    select p_book_id, v_seqs[l.item], p_kinds[l.item], p_rules[l.item], count(*), p_dates[l.item],
      timestamptz 'epoch' + p_occurred_ms[l.item] * interval '1 millisecond', v_recorded_at, p_keys[l.item],
      decode(p_hashes[l.item], 'hex'), p_references[l.item], nullif(p_event_ids[l.item], c_no_event),
      p_actors[l.item], p_details[l.item]
    from unnest(p_leg_items) as l (item) where v_codes[l.item] = 'POSTED' group by l.item order by l.item;

    insert into entry (seq, amount, balance_after, account_version, book_id, account_id, leg, ref)
    select v_seqs[l.item], l.amount, (v_balances[v_ranks[l.account]] + sum(l.amount) over own)::bigint,
      v_versions[v_ranks[l.account]] + row_number() over own, p_book_id, v_ids[l.account],
      row_number() over (partition by l.item order by l.n), nullif(l.ref, '')
    from unnest(p_leg_items, p_leg_accounts, p_leg_amounts, p_leg_refs) with ordinality
      as l (item, account, amount, ref, n)
    where v_codes[l.item] = 'POSTED'
    window own as (partition by v_ids[l.account] order by l.n rows unbounded preceding);

    update account_balance b
    set debits = b.debits + d.debits, credits = b.credits + d.credits, version = b.version + d.entries
    from (select v_ids[l.account] as id, sum(greatest(l.amount, 0))::bigint as debits,
            sum(greatest(-l.amount, 0))::bigint as credits, count(*) as entries
          from unnest(p_leg_items, p_leg_accounts, p_leg_amounts) as l (item, account, amount)
          where v_codes[l.item] = 'POSTED' group by 1) d
    where b.account_id = d.id;

    insert into account_day (account_id, day, book_id, debits, credits)
    select v_ids[l.account], p_dates[l.item], p_book_id, sum(greatest(l.amount, 0)), sum(greatest(-l.amount, 0))
    from unnest(p_leg_items, p_leg_accounts, p_leg_amounts) as l (item, account, amount)
    where v_codes[l.item] = 'POSTED' group by 1, 2
    on conflict (account_id, day) do update
      set debits = account_day.debits + excluded.debits, credits = account_day.credits + excluded.credits;

    insert into open_item (account_id, ref, book_id, amount, opened_seq, opened_at, last_seq)
    select v_ids[l.account], l.ref, p_book_id, sum(l.amount), min(v_seqs[l.item]), v_recorded_at, max(v_seqs[l.item])
    from unnest(p_leg_items, p_leg_accounts, p_leg_amounts, p_leg_refs) as l (item, account, amount, ref)
    where v_codes[l.item] = 'POSTED' and l.ref <> '' group by 1, 2
    on conflict (account_id, ref) do update
      set amount = open_item.amount + excluded.amount, last_seq = excluded.last_seq;

    update book set last_seq = v_last_seq, recorded_at = v_recorded_at where id = p_book_id;
  end if;

  -- An event that was parked and is posted now is solved.
  with heard as (
    insert into inbox (event_id, subject, book_id, outcome, seq)
    select distinct on (k.event_id) k.event_id, p_subjects[k.n], p_book_id, v_codes[k.n], v_seqs[k.n]
    from unnest(p_event_ids) with ordinality as k (event_id, n)
    where v_codes[k.n] <> 'IDEMPOTENCY_KEY_CONFLICT' and k.event_id <> c_no_event
    order by k.event_id, k.n
    on conflict (event_id) do update
      set book_id = excluded.book_id, outcome = excluded.outcome, seq = excluded.seq, xid = excluded.xid
      where inbox.outcome = 'PARKED'
    returning event_id, xmax <> 0 as was_parked)
  update parked_event set resolved_at = clock_timestamp(), resolution = 'POSTED'
  where event_id = any (array(select h.event_id from heard h where h.was_parked)) and resolved_at is null;

  return query select n::int, v_codes[n], v_seqs[n] from generate_subscripts(v_codes, 1) as n order by n;
end $$;

revoke all on function ledger.ensure_book(bigint, text) from public;
revoke all on function ledger.post_batch(bigint, text[], text[], smallint[], smallint[], date[], bigint[], text[], uuid[],
  text[], text[], text[], text[], text[], boolean[], int[], int[], bigint[], text[]) from public;
grant execute on function ledger.ensure_book(bigint, text) to :app;
grant execute on function ledger.post_batch(bigint, text[], text[], smallint[], smallint[], date[], bigint[], text[], uuid[],
  text[], text[], text[], text[], text[], boolean[], int[], int[], bigint[], text[]) to :app;
