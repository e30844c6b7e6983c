-- The only way to write a posting: a batch of one book, in one transaction and one block, under that book's lock.

-- The clock of all postings, on its own so that known bytes can be recomputed under a known time.
create function ledger.posting_time() returns timestamptz language sql volatile as $$ select clock_timestamp() $$;

create function ledger.ensure_book(p_application_id bigint, p_mode text) returns smallint
language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  v_id bigint := case p_mode when 'LIVE' then p_application_id else -p_application_id end;
  v_offset smallint;
begin
  select utc_offset_minutes into v_offset from book where id = v_id;
  if not found then
    insert into book (id, application_id, mode, head)
    values (v_id, p_application_id, p_mode, sha256(convert_to('oi.ledger.book.v1:' || v_id, 'UTF8')))
    on conflict do nothing;
    select utc_offset_minutes into v_offset from book where id = v_id;
  end if;
  return v_offset;
end $$;

-- RFC 6962 over leaves laid end to end: a level is one text of 32-byte hashes, and an odd last one moves up unchanged.
create function ledger.merkle_root(p_leaves bytea) returns bytea language plpgsql immutable strict as $$
declare
  v_level bytea := p_leaves;
  v_count int := octet_length(p_leaves) / 32;
  v_next bytea;
begin
  while v_count > 1 loop
    select string_agg(sha256('\x01'::bytea || substr(v_level, i * 64 + 1, 64)), ''::bytea order by i) into v_next
    from generate_series(0, v_count / 2 - 1) as i;
    if v_count % 2 = 1 then v_next := v_next || substr(v_level, (v_count - 1) * 32 + 1, 32); end if;
    v_level := v_next;
    v_count := (v_count + 1) / 2;
  end loop;
  return v_level;
end $$;

-- The planner takes an array for ten rows and an empty table for ten pages, and its plans stay while both grow. So arrays
-- are addressed by subscript, every look into a table is a subquery per element that one unique index answers, and the
-- settings forbid plans that read or keep a whole table. An absent event is the zero UUID, an absent text is '', an absent
-- number is 0 and an absent bound is the largest one, because one null in an array makes every subscript walk it.
create function ledger.post_batch(
  p_book_id bigint,
  -- One element per item.
  p_keys text[], p_hashes text[], p_kinds smallint[], p_rules smallint[], p_dates date[], p_occurred_ms bigint[],
  p_references text[], p_event_ids uuid[], p_subjects text[], p_reverses bigint[], p_actors text[], p_approvers text[],
  p_details text[],
  -- An event to announce with the posting, as JSON of the outbox's columns.
  p_outbox text[],
  -- One element per account, each account once.
  p_paths text[], p_currencies text[], p_clearing boolean[], p_may_open boolean[], p_max_balances bigint[],
  -- One element per leg, ordered by item: the item's number, the account's number, the amount, the open item.
  p_leg_items int[], p_leg_accounts int[], p_leg_amounts bigint[], p_leg_refs text[],
  -- One element per condition of a command, ordered by item.
  p_bound_items int[], p_bound_accounts int[], p_bound_mins bigint[], p_bound_maxs bigint[]
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
  c_least constant bigint := -9223372036854775807;
  c_most constant bigint := 9223372036854775807;
  c_null constant bytea := '\xffffffff';
  v_first_seq bigint;
  v_last_seq bigint;
  v_block_no bigint;
  v_prev bytea;
  v_recorded_at timestamptz;
  v_recorded_us bigint;
  v_codes text[];
  v_seqs bigint[];
  v_twins int[];
  v_ids int[];
  v_balances bigint[];
  v_debits bigint[];
  v_versions bigint[];
  v_closed boolean[];
  v_mins bigint[];
  v_maxs bigint[];
  v_names bytea[];
  v_running bigint[];
  v_opened boolean[];
  v_reversed bigint[] := '{}';
  v_refused int[] := '{}';
  v_walks boolean;
  v_code text;
  v_from int;
  v_leg int := 1;
  v_bound_from int;
  v_bound int := 1;
  v_kind smallint;
  v_entry_count smallint;
  v_same int;
  v_leg_bytes bytea[];
  v_leg_counts smallint[];
  v_leaves bytea;
  v_refused_leaves bytea;
  v_root bytea;
  a int;
begin
  -- The book first: one book per call and one lock per book, so calls cannot deadlock, and nothing below it can move.
  select b.last_seq, b.last_block + 1, b.head, greatest(posting_time(), b.recorded_at)
  into v_first_seq, v_block_no, v_prev, v_recorded_at
  from book b where b.id = p_book_id for no key update;
  if not found then raise exception 'book % was not opened', p_book_id using errcode = 'P0002'; end if;
  v_last_seq := v_first_seq;
  v_recorded_us := (extract(epoch from v_recorded_at) * 1000000)::bigint;

  -- What is known already: by its event, else by its business key. The rest is new, or repeats an item of this batch.
  select array_agg(k.code order by k.n), array_agg(k.seq order by k.n), array_agg(k.twin order by k.n)
  into v_codes, v_seqs, v_twins
  from (
    select i.n, (min(i.n) over (partition by i.key))::int as twin, coalesce(e.seq, t.seq, 0) as seq,
      case when e.seq is not null then 'REPLAYED'
           when coalesce(t.request_hash, r.request_hash) is null then ''
           when coalesce(t.request_hash, r.request_hash) <> decode(p_hashes[i.n], 'hex') then 'IDEMPOTENCY_KEY_CONFLICT'
           else coalesce(r.code, 'REPLAYED') end as code
    from unnest(p_keys, p_event_ids) with ordinality as i (key, event_id, n)
    left join lateral (select seq from inbox where event_id = i.event_id limit 1) e on true
    left join lateral (
      select seq, request_hash from txn where book_id = p_book_id and idem_key = i.key limit 1) t on true
    left join lateral (
      select code, request_hash from rejection
      where i.event_id = c_no_event and book_id = p_book_id and idem_key = i.key limit 1) r on true) k;

  -- Every account as it stands before this batch; one that is not open yet has the id 0.
  select array_agg(coalesce(b.id, 0) order by k.n), array_agg(coalesce(b.balance, 0) order by k.n),
    array_agg(coalesce(b.debits, 0) order by k.n), array_agg(coalesce(b.version, 0) order by k.n), array_agg(coalesce(b.closed, false) order by k.n),
    array_agg(coalesce(b.min_balance, c_least) order by k.n),
    array_agg(case when b.id is null then p_max_balances[k.n] else coalesce(b.max_balance, c_most) end order by k.n),
    array_agg(int4send(octet_length(k.currency)) || convert_to(k.currency, 'UTF8')
      || int4send(octet_length(k.path)) || convert_to(k.path, 'UTF8') order by k.n),
    array_agg(false order by k.n)
  into v_ids, v_balances, v_debits, v_versions, v_closed, v_mins, v_maxs, v_names, v_opened
  from unnest(p_paths, p_currencies) with ordinality as k (path, currency, n)
  left join lateral (
    select a.id, s.debits - s.credits as balance, s.debits, s.version, a.status = 'CLOSED' as closed, s.min_balance, s.max_balance
    from account a join account_balance s on s.account_id = a.id
    where a.book_id = p_book_id and a.path = k.path and a.currency = k.currency limit 1) b on true;

  -- Facts are never refused. Where there are commands, the items are walked in order over running balances, so that each
  -- sees what the ones before it left.
  v_walks := c_no_event = any (p_event_ids);
  v_running := v_balances;
  for i in 1 .. cardinality(p_keys) loop
    v_code := 'POSTED';
    if v_walks then
      v_from := v_leg;
      while v_leg <= cardinality(p_leg_items) and p_leg_items[v_leg] = i loop v_leg := v_leg + 1; end loop;
      v_bound_from := v_bound;
      while v_bound <= cardinality(p_bound_items) and p_bound_items[v_bound] = i loop v_bound := v_bound + 1; end loop;
    end if;
    continue when v_codes[i] <> '' or v_twins[i] <> i;

    if v_walks and p_event_ids[i] = c_no_event then
      if p_reverses[i] <> 0 then
        select t.kind, t.entry_count into v_kind, v_entry_count from txn t
        where t.book_id = p_book_id and t.seq = p_reverses[i];
        if not found then
          v_code := 'TRANSACTION_NOT_FOUND';
        elsif p_reverses[i] = any (v_reversed)
          or exists (select from txn t where t.book_id = p_book_id and t.reverses_seq = p_reverses[i]) then
          v_code := 'ALREADY_REVERSED';
        else
          select count(*) into v_same
          from generate_series(v_from, v_leg - 1) as g (n)
          join lateral (
            select from entry e join account o on o.id = e.account_id
            where e.book_id = p_book_id and e.seq = p_reverses[i] and e.leg = g.n - v_from + 1
              and e.amount = -p_leg_amounts[g.n] and coalesce(e.ref, '') = p_leg_refs[g.n]
              and o.path = p_paths[p_leg_accounts[g.n]] and o.currency = p_currencies[p_leg_accounts[g.n]]) m on true;
          if v_kind = 31 or v_same <> v_entry_count or v_same <> v_leg - v_from then v_code := 'NOT_REVERSIBLE'; end if;
        end if;
      end if;
      if v_code = 'POSTED' then
        for g in v_from .. v_leg - 1 loop
          a := p_leg_accounts[g];
          if v_ids[a] = 0 and not v_opened[a] and not p_may_open[a] then
            v_code := 'ACCOUNT_NOT_FOUND';
          elsif v_closed[a] then
            v_code := 'ACCOUNT_CLOSED';
          end if;
          exit when v_code <> 'POSTED';
        end loop;
      end if;
    end if;

    if v_walks and v_code = 'POSTED' then
      for g in v_from .. v_leg - 1 loop
        v_running[p_leg_accounts[g]] := v_running[p_leg_accounts[g]] + p_leg_amounts[g];
      end loop;
      if p_event_ids[i] = c_no_event then
        for g in v_from .. v_leg - 1 loop
          a := p_leg_accounts[g];
          if v_running[a] not between v_mins[a] and v_maxs[a] then v_code := 'LIMIT_EXCEEDED'; end if;
        end loop;
        for g in v_bound_from .. v_bound - 1 loop
          if v_running[p_bound_accounts[g]] not between p_bound_mins[g] and p_bound_maxs[g] then
            v_code := 'LIMIT_EXCEEDED';
          end if;
        end loop;
      end if;
      for g in v_from .. v_leg - 1 loop
        a := p_leg_accounts[g];
        if v_code = 'POSTED' then
          v_opened[a] := true;
        else
          v_running[a] := v_running[a] - p_leg_amounts[g];
        end if;
      end loop;
    end if;

    v_codes[i] := v_code;
    if v_code = 'POSTED' then
      v_last_seq := v_last_seq + 1;
      v_seqs[i] := v_last_seq;
      if p_reverses[i] <> 0 then v_reversed := v_reversed || p_reverses[i]; end if;
    else
      v_refused := v_refused || i;
    end if;
  end loop;
  for i in 1 .. cardinality(p_keys) loop
    continue when v_codes[i] <> '';
    v_seqs[i] := v_seqs[v_twins[i]];
    v_codes[i] := case when p_hashes[i] <> p_hashes[v_twins[i]] then 'IDEMPOTENCY_KEY_CONFLICT'
                       when v_codes[v_twins[i]] = 'POSTED' then 'REPLAYED' else v_codes[v_twins[i]] end;
  end loop;

  if v_last_seq > v_first_seq then
    -- Accounts open by first use, and only for what is posted.
    if 0 = any (v_ids) then
      with opened as (
        insert into account (book_id, path, currency, clearing)
        select p_book_id, p_paths[u.n], p_currencies[u.n], p_clearing[u.n]
        from (select distinct l.account as n from unnest(p_leg_items, p_leg_accounts) as l (item, account)
              where v_codes[l.item] = 'POSTED' and v_ids[l.account] = 0) u
        order by u.n
        returning id, book_id, path, currency)
      insert into account_balance (account_id, book_id, max_balance)
      select o.id, o.book_id, nullif((select p_max_balances[k.n]
          from unnest(p_paths, p_currencies) with ordinality as k (path, currency, n)
          where k.path = o.path and k.currency = o.currency), c_most)
      from opened o;
      select array_agg(coalesce((select o.id from account o
          where o.book_id = p_book_id and o.path = k.path and o.currency = k.currency), 0) order by k.n) into v_ids
      from unnest(p_paths, p_currencies) with ordinality as k (path, currency, n);
    end if;

    with l as materialized (
      select v_seqs[l.item] as seq, (row_number() over (partition by l.item order by l.n))::smallint as leg,
        v_ids[l.account] as account_id, l.account, l.amount,
        (v_balances[l.account] + sum(l.amount) over own)::bigint as balance_after,
        (v_debits[l.account] + sum(greatest(l.amount, 0)) over own)::bigint as debits_after,
        v_versions[l.account] + row_number() over own as account_version, nullif(l.ref, '') as ref
      from unnest(p_leg_items, p_leg_accounts, p_leg_amounts, p_leg_refs) with ordinality
        as l (item, account, amount, ref, n)
      where v_codes[l.item] = 'POSTED'
      window own as (partition by l.account order by l.n rows unbounded preceding)),
    posted as (
      insert into entry (seq, amount, balance_after, debits_after, account_version, book_id, account_id, leg, ref)
      select l.seq, l.amount, l.balance_after, l.debits_after, l.account_version, p_book_id, l.account_id, l.leg, l.ref from l)
    select array_agg(t.bytes order by t.seq), array_agg(t.legs order by t.seq) into v_leg_bytes, v_leg_counts
    from (
      select l.seq, count(*)::smallint as legs, string_agg(int2send(l.leg) || int4send(l.account_id) || int8send(l.amount)
          || int8send(l.balance_after) || int8send(l.account_version) || v_names[l.account]
          || coalesce(int4send(octet_length(l.ref)) || convert_to(l.ref, 'UTF8'), c_null), ''::bytea order by l.leg) as bytes
      from l group by l.seq) t;

    with t as materialized (
      select v_seqs[i.n] as seq, i.n, i.key, i.reference, i.actor, nullif(i.approver, '') as approver, i.details,
        i.event_id, decode(i.hash, 'hex') as hash, v_leg_counts[v_seqs[i.n] - v_first_seq] as legs,
        sha256('\x000001'::bytea || int8send(p_book_id) || int8send(v_seqs[i.n]) || int8send(v_block_no)
          || int2send(p_kinds[i.n]) || int2send(p_rules[i.n]) || date_send(p_dates[i.n])
          || int8send(p_occurred_ms[i.n] * 1000) || int8send(v_recorded_us)
          || int4send(octet_length(i.key)) || convert_to(i.key, 'UTF8') || decode(i.hash, 'hex')
          || int4send(octet_length(i.reference)) || convert_to(i.reference, 'UTF8') || uuid_send(i.event_id)
          || int8send(p_reverses[i.n]) || int4send(octet_length(i.actor)) || convert_to(i.actor, 'UTF8')
          || coalesce(int4send(octet_length(nullif(i.approver, ''))) || convert_to(i.approver, 'UTF8'), c_null)
          || int4send(octet_length(i.details)) || convert_to(i.details, 'UTF8')
          || int2send(v_leg_counts[v_seqs[i.n] - v_first_seq]) || v_leg_bytes[v_seqs[i.n] - v_first_seq]) as leaf
      from unnest(p_keys, p_hashes, p_references, p_event_ids, p_actors, p_approvers, p_details) with ordinality
        as i (key, hash, reference, event_id, actor, approver, details, n)
      where v_codes[i.n] = 'POSTED'),
    posted as (
      insert into txn (book_id, seq, block_no, kind, rule, entry_count, business_date, occurred_at, recorded_at, idem_key,
        request_hash, reference, event_id, reverses_seq, actor, approver, details, leaf)
      select p_book_id, t.seq, v_block_no, p_kinds[t.n], p_rules[t.n], t.legs, p_dates[t.n],
        timestamptz 'epoch' + p_occurred_ms[t.n] * interval '1 millisecond', v_recorded_at, t.key, t.hash, t.reference,
        nullif(t.event_id, c_no_event), nullif(p_reverses[t.n], 0), t.actor, t.approver, t.details, t.leaf
      from t)
    select string_agg(t.leaf, ''::bytea order by t.seq) into v_leaves from t;

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

    insert into public.outbox (id, subject, aggregate, version, headers, payload)
    select o.event ->> 'id', o.event ->> 'subject', o.event ->> 'aggregate', (o.event ->> 'version')::bigint,
      o.event -> 'headers', o.event ->> 'payload'
    from (select u.event::jsonb as event from unnest(p_outbox) with ordinality as u (event, n)
          where u.event <> '' and v_codes[u.n] = 'POSTED') o;
  end if;

  if v_last_seq > v_first_seq or cardinality(v_refused) > 0 then
    -- A refusal is as durable as a posting, and as provable.
    with r as materialized (
      select u.n, (v_last_seq - v_first_seq + u.place - 1)::int as place, decode(p_hashes[u.n], 'hex') as hash,
        sha256('\x000002'::bytea || int8send(p_book_id) || int8send(v_block_no)
          || int4send(octet_length(p_keys[u.n])) || convert_to(p_keys[u.n], 'UTF8') || decode(p_hashes[u.n], 'hex')
          || int4send(octet_length(v_codes[u.n])) || convert_to(v_codes[u.n], 'UTF8')) as leaf
      from unnest(v_refused) with ordinality as u (n, place)),
    kept as (
      insert into rejection (book_id, idem_key, block_no, leaf_index, request_hash, code, recorded_at, leaf)
      select p_book_id, p_keys[r.n], v_block_no, r.place, r.hash, v_codes[r.n], v_recorded_at, r.leaf from r)
    select string_agg(r.leaf, ''::bytea order by r.place) into v_refused_leaves from r;

    v_leaves := coalesce(v_leaves, ''::bytea) || coalesce(v_refused_leaves, ''::bytea);
    v_root := merkle_root(v_leaves);
    with b as (
      insert into block (book_id, block_no, from_seq, to_seq, leaf_count, recorded_at, root, prev, hash)
      values (p_book_id, v_block_no, v_first_seq + 1, v_last_seq, octet_length(v_leaves) / 32, v_recorded_at, v_root, v_prev,
        sha256('\x02'::bytea || int8send(p_book_id) || int8send(v_block_no) || int8send(v_first_seq + 1)
          || int8send(v_last_seq) || int4send(octet_length(v_leaves) / 32) || int8send(v_recorded_us) || v_prev || v_root))
      returning hash)
    update book set last_seq = v_last_seq, last_block = v_block_no, head = b.hash, recorded_at = v_recorded_at
    from b where id = p_book_id;
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

revoke all on function ledger.posting_time(), ledger.ensure_book(bigint, text), ledger.merkle_root(bytea) from public;
revoke all on function ledger.post_batch from public;
grant execute on function ledger.ensure_book(bigint, text) to :app;
grant execute on function ledger.post_batch to :app;
