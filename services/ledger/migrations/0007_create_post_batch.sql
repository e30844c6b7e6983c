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

-- RFC 6962: a node is the hash of its two children, and an odd last one moves up unchanged.
create function ledger.merkle_root(p_leaves bytea[]) returns bytea language plpgsql immutable strict as $$
declare
  v_level bytea[] := p_leaves;
  v_count int := cardinality(p_leaves);
  v_node bytea;
begin
  while v_count > 1 loop
    for i in 1 .. v_count / 2 loop
      v_node := sha256('\x01'::bytea || v_level[2 * i - 1] || v_level[2 * i]);
      v_level[i] := v_node;
    end loop;
    if v_count % 2 = 1 then
      v_node := v_level[v_count];
      v_level[v_count / 2 + 1] := v_node;
    end if;
    v_count := (v_count + 1) / 2;
  end loop;
  return v_level[1];
end $$;

-- The planner takes an array for ten rows and an empty table for ten pages, and its plans stay while both grow. So arrays
-- are addressed by subscript, every look into a table is a subquery per element that one unique index answers, and the
-- settings forbid plans that read or keep a whole table. An absent event is the zero UUID, an absent text is '', an absent
-- number is 0 and an absent bound is the largest one, because one null in an array makes every subscript walk it.
--
-- A lone posting pays for each node of each plan, a large batch for each row of each node. So what belongs to a leg or to
-- an item is computed in one loop, where a step costs less than a sort or a kept row of SQL, and the statements after it
-- are plain inserts of what the loop laid out. A subscript is assigned from a variable and never from its own array:
-- `v[a] := v[a] + x` copies the whole array. No loop runs over a query: its cursor gets flat copies of the arrays, in
-- which every subscript walks from the start.
create function ledger.post_batch(
  p_book_id bigint,
  -- One element per item.
  p_keys text[], p_hashes bytea[], p_kinds smallint[], p_rules smallint[], p_dates date[], p_occurred_ms bigint[],
  p_references text[], p_event_ids uuid[], p_subjects text[], p_reverses bigint[], p_actors text[], p_approvers text[],
  p_details text[], p_leg_counts smallint[],
  -- Events to announce with the postings, as JSON of the outbox's columns; no element at all when there is none.
  p_outbox text[],
  -- One element per account, each account once.
  p_paths text[], p_currencies text[], p_clearing boolean[], p_may_open boolean[], p_max_balances bigint[],
  -- One element per leg, ordered by item: the account's number, the amount, the open item.
  p_leg_accounts int[], p_leg_amounts bigint[], p_leg_refs text[],
  -- One element per condition of a command, ordered by item.
  p_bound_items int[], p_bound_accounts int[], p_bound_mins bigint[], p_bound_maxs bigint[],
  -- One word per item, with spaces between: a row per item would cost more to send than to post.
  out codes text, out seqs text)
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
  v_walks boolean := c_no_event = any (p_event_ids);
  v_all_new boolean := true;
  -- By item.
  v_items constant int := cardinality(p_keys);
  v_codes text[] := array_fill(''::text, array[v_items]);
  v_seqs bigint[] := array_fill(0::bigint, array[v_items]);
  v_twins int[] := array_fill(0, array[v_items]);
  v_leaves bytea[] := '{}';
  -- By account.
  v_accounts constant int := cardinality(p_paths);
  v_ids int[];
  v_balances bigint[];
  v_debits bigint[];
  v_versions bigint[];
  v_names bytea[] := '{}';
  v_used boolean[] := array_fill(false, array[v_accounts]);
  v_closed boolean[];
  v_mins bigint[];
  v_maxs bigint[];
  v_running bigint[];
  -- By leg.
  v_legs constant int := cardinality(p_leg_accounts);
  v_leg_items int[] := array_fill(0, array[v_legs]);
  v_leg_numbers int[] := v_leg_items;
  v_leg_balances bigint[] := array_fill(0::bigint, array[v_legs]);
  v_leg_debits bigint[] := v_leg_balances;
  v_leg_versions bigint[] := v_leg_balances;
  v_found int[];
  v_found_seqs bigint[];
  v_found_codes text[];
  v_found_twins int[];
  v_reversed bigint[] := '{}';
  v_refused int[] := '{}';
  v_code text;
  v_kept_code text;
  v_kept_hash bytea;
  v_from int;
  v_leg int := 1;
  v_bound_from int;
  v_bound int := 1;
  v_kind smallint;
  v_entry_count smallint;
  v_same int;
  v_amount bigint;
  v_balance bigint;
  v_debit bigint;
  v_version bigint;
  v_number int;
  v_name bytea;
  v_leg_bytes bytea;
  v_head_bytes bytea;
  v_leaf bytea;
  v_root bytea;
  v_hash bytea;
  v_were_parked uuid[];
  a int;
begin
  -- The book first: one book per call and one lock per book, so calls cannot deadlock, and nothing below it can move.
  select b.last_seq, b.last_block + 1, b.head, greatest(posting_time(), b.recorded_at)
  into v_first_seq, v_block_no, v_prev, v_recorded_at
  from book b where b.id = p_book_id for no key update;
  if not found then raise exception 'book % was not opened', p_book_id using errcode = 'P0002'; end if;
  v_last_seq := v_first_seq;
  v_recorded_us := (extract(epoch from v_recorded_at) * 1000000)::bigint;

  -- What is known already: by its event, else by its business key.
  select array_agg(n), array_agg(coalesce(case when e.book_id = p_book_id then e.seq end, t.seq, 0)),
    -- An event that was heard before may only bring what it brought then.
    array_agg(case when e.outcome is not null and (e.book_id, e.seq) is distinct from (p_book_id, t.seq)
      or t.request_hash <> p_hashes[n] then 'IDEMPOTENCY_KEY_CONFLICT' else 'REPLAYED' end)
  into v_found, v_found_seqs, v_found_codes
  from generate_series(1, v_items) as n
  left join lateral (
    select outcome, book_id, seq from inbox where event_id = p_event_ids[n] and outcome <> 'PARKED' limit 1) e on true
  left join lateral (
    select seq, request_hash from txn where book_id = p_book_id and idem_key = p_keys[n] limit 1) t on true
  where e.outcome is not null or t.seq is not null;
  for i in 1 .. coalesce(cardinality(v_found), 0) loop
    v_codes[v_found[i]] := v_found_codes[i];
    v_seqs[v_found[i]] := v_found_seqs[i];
    v_all_new := false;
  end loop;
  -- The rest is new, or repeats an item of this batch.
  if v_items > 1 then
    select array_agg(n), array_agg(twin) into v_found, v_found_twins
    from (select n, min(n) over (partition by p_keys[n]) as twin from generate_series(1, v_items) as n) s
    where n <> twin;
    for i in 1 .. coalesce(cardinality(v_found), 0) loop
      v_twins[v_found[i]] := v_found_twins[i];
      v_all_new := false;
    end loop;
  end if;

  -- Every account as it stands before this batch; one that is not open yet has the id 0.
  select array_agg(coalesce(b.id, 0) order by n), array_agg(coalesce(b.debits - b.credits, 0) order by n),
    array_agg(coalesce(b.debits, 0) order by n), array_agg(coalesce(b.version, 0) order by n)
  into v_ids, v_balances, v_debits, v_versions
  from generate_series(1, v_accounts) as n
  left join lateral (
    select a.id, s.debits, s.credits, s.version from account a join account_balance s on s.account_id = a.id
    where a.book_id = p_book_id and a.path = p_paths[n] and a.currency = p_currencies[n] limit 1) b on true;
  for i in 1 .. v_accounts loop
    v_name := int4send(octet_length(p_currencies[i])) || convert_to(p_currencies[i], 'UTF8')
      || int4send(octet_length(p_paths[i])) || convert_to(p_paths[i], 'UTF8');
    v_names[i] := v_name;
  end loop;

  if v_all_new and not v_walks then
    -- Facts are never refused.
    v_codes := array_fill('POSTED'::text, array[v_items]);
    v_seqs := array(select v_first_seq + n from generate_series(1, v_items) as n);
    v_used := array_fill(true, array[v_accounts]);
    v_last_seq := v_first_seq + v_items;
  else
    -- Where there are commands, the items are walked in order over running balances, so that each sees what the ones
    -- before it left.
    if v_walks then
      v_running := v_balances;
      select array_agg(coalesce(b.closed, false) order by n), array_agg(coalesce(b.min_balance, c_least) order by n),
        array_agg(case when v_ids[n] = 0 then p_max_balances[n] else coalesce(b.max_balance, c_most) end order by n)
      into v_closed, v_mins, v_maxs
      from generate_series(1, v_accounts) as n
      left join lateral (
        select a.status = 'CLOSED' as closed, s.min_balance, s.max_balance
        from account a join account_balance s on s.account_id = a.id where a.id = v_ids[n] limit 1) b on true;
    end if;
    for i in 1 .. v_items loop
      v_code := 'POSTED';
      v_from := v_leg;
      v_leg := v_leg + p_leg_counts[i];
      v_bound_from := v_bound;
      while v_bound <= cardinality(p_bound_items) and p_bound_items[v_bound] = i loop v_bound := v_bound + 1; end loop;
      continue when v_codes[i] <> '';

      if p_event_ids[i] = c_no_event then
        select r.code, r.request_hash into v_kept_code, v_kept_hash
        from rejection r where r.book_id = p_book_id and r.idem_key = p_keys[i];
        if found then
          v_codes[i] := case when v_kept_hash = p_hashes[i] then v_kept_code else 'IDEMPOTENCY_KEY_CONFLICT' end;
          continue;
        end if;
      end if;
      continue when v_twins[i] <> 0;

      if p_event_ids[i] = c_no_event then
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
            if v_ids[a] = 0 and not v_used[a] and not p_may_open[a] then
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
          v_balance := v_running[p_leg_accounts[g]] + p_leg_amounts[g];
          v_running[p_leg_accounts[g]] := v_balance;
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
        if v_code <> 'POSTED' then
          for g in v_from .. v_leg - 1 loop
            v_balance := v_running[p_leg_accounts[g]] - p_leg_amounts[g];
            v_running[p_leg_accounts[g]] := v_balance;
          end loop;
        end if;
      end if;

      v_codes[i] := v_code;
      if v_code = 'POSTED' then
        for g in v_from .. v_leg - 1 loop v_used[p_leg_accounts[g]] := true; end loop;
        v_last_seq := v_last_seq + 1;
        v_seqs[i] := v_last_seq;
        if p_reverses[i] <> 0 then v_reversed := v_reversed || p_reverses[i]; end if;
      else
        v_refused := v_refused || i;
      end if;
    end loop;
    for i in 1 .. v_items loop
      continue when v_codes[i] <> '';
      v_balance := v_seqs[v_twins[i]];
      v_seqs[i] := v_balance;
      v_code := v_codes[v_twins[i]];
      v_codes[i] := case when p_hashes[i] <> p_hashes[v_twins[i]] then 'IDEMPOTENCY_KEY_CONFLICT'
                         when v_code = 'POSTED' then 'REPLAYED' else v_code end;
    end loop;
  end if;

  if v_last_seq > v_first_seq then
    -- Accounts open by first use, and only for what is posted.
    if 0 = any (v_ids) then
      with opened as (
        insert into account (book_id, path, currency, clearing)
        select p_book_id, p_paths[n], p_currencies[n], p_clearing[n]
        from generate_series(1, v_accounts) as n where v_ids[n] = 0 and v_used[n] order by n
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

    -- What each leg leaves on its account, and the bytes that are hashed.
    v_head_bytes := '\x000001'::bytea || int8send(p_book_id);
    v_leg := 1;
    for i in 1 .. v_items loop
      v_from := v_leg;
      v_leg := v_leg + p_leg_counts[i];
      continue when v_codes[i] <> 'POSTED';
      v_leg_bytes := int2send(p_leg_counts[i]);
      v_number := 0;
      for g in v_from .. v_leg - 1 loop
        a := p_leg_accounts[g];
        v_amount := p_leg_amounts[g];
        v_balance := v_balances[a] + v_amount;
        v_balances[a] := v_balance;
        v_debit := v_debits[a] + greatest(v_amount, 0);
        v_debits[a] := v_debit;
        v_version := v_versions[a] + 1;
        v_versions[a] := v_version;
        v_number := v_number + 1;
        v_leg_items[g] := i;
        v_leg_numbers[g] := v_number;
        v_leg_balances[g] := v_balance;
        v_leg_debits[g] := v_debit;
        v_leg_versions[g] := v_version;
        v_leg_bytes := v_leg_bytes || int2send(v_number::smallint) || int4send(v_ids[a]) || int8send(v_amount) || int8send(v_balance)
          || int8send(v_version) || v_names[a] || case when p_leg_refs[g] = '' then c_null
            else int4send(octet_length(p_leg_refs[g])) || convert_to(p_leg_refs[g], 'UTF8') end;
      end loop;
      v_leaf := sha256(v_head_bytes || int8send(v_seqs[i]) || int8send(v_block_no)
        || int2send(p_kinds[i]) || int2send(p_rules[i]) || date_send(p_dates[i])
        || int8send(p_occurred_ms[i] * 1000) || int8send(v_recorded_us)
        || int4send(octet_length(p_keys[i])) || convert_to(p_keys[i], 'UTF8') || p_hashes[i]
        || int4send(octet_length(p_references[i])) || convert_to(p_references[i], 'UTF8') || uuid_send(p_event_ids[i])
        || int8send(p_reverses[i]) || int4send(octet_length(p_actors[i])) || convert_to(p_actors[i], 'UTF8')
        || case when p_approvers[i] = '' then c_null
          else int4send(octet_length(p_approvers[i])) || convert_to(p_approvers[i], 'UTF8') end
        || int4send(octet_length(p_details[i])) || convert_to(p_details[i], 'UTF8') || v_leg_bytes);
      v_leaves[v_seqs[i] - v_first_seq] := v_leaf;
    end loop;
    if v_leg <> v_legs + 1 then raise exception 'the items have % legs, and % came', v_leg - 1, v_legs; end if;

    insert into entry (seq, amount, balance_after, debits_after, account_version, book_id, account_id, leg, ref)
    select v_seqs[v_leg_items[g]], p_leg_amounts[g], v_leg_balances[g], v_leg_debits[g], v_leg_versions[g], p_book_id,
      v_ids[p_leg_accounts[g]], v_leg_numbers[g], nullif(p_leg_refs[g], '')
    from generate_series(1, v_legs) as g where v_leg_items[g] > 0;

    insert into txn (book_id, seq, block_no, kind, rule, entry_count, business_date, occurred_at, recorded_at, idem_key,
      request_hash, reference, event_id, reverses_seq, actor, approver, details, leaf)
    select p_book_id, v_seqs[i], v_block_no, p_kinds[i], p_rules[i], p_leg_counts[i], p_dates[i],
      timestamptz 'epoch' + p_occurred_ms[i] * interval '1 millisecond', v_recorded_at, p_keys[i], p_hashes[i],
      p_references[i], nullif(p_event_ids[i], c_no_event), nullif(p_reverses[i], 0), p_actors[i],
      nullif(p_approvers[i], ''), p_details[i], v_leaves[v_seqs[i] - v_first_seq]
    from generate_series(1, v_items) as i where v_codes[i] = 'POSTED';

    update account_balance b
    set debits = v_debits[n], credits = v_debits[n] - v_balances[n], version = v_versions[n]
    from generate_series(1, v_accounts) as n
    where b.account_id = v_ids[n] and b.version < v_versions[n];

    insert into account_day (account_id, day, book_id, debits, credits)
    select v_ids[p_leg_accounts[g]], p_dates[v_leg_items[g]], p_book_id, total(greatest(p_leg_amounts[g], 0)),
      total(greatest(-p_leg_amounts[g], 0))
    from generate_series(1, v_legs) as g where v_leg_items[g] > 0 group by 1, 2
    on conflict (account_id, day) do update
      set debits = account_day.debits + excluded.debits, credits = account_day.credits + excluded.credits;

    insert into open_item (account_id, ref, book_id, amount, opened_seq, opened_at, last_seq)
    select v_ids[p_leg_accounts[g]], p_leg_refs[g], p_book_id, total(p_leg_amounts[g]), min(v_seqs[v_leg_items[g]]),
      v_recorded_at, max(v_seqs[v_leg_items[g]])
    from generate_series(1, v_legs) as g where v_leg_items[g] > 0 and p_leg_refs[g] <> '' group by 1, 2
    on conflict (book_id, ref, account_id) do update
      set amount = open_item.amount + excluded.amount, last_seq = excluded.last_seq;

    if cardinality(p_outbox) > 0 then
      insert into public.outbox (id, subject, aggregate, version, headers, payload)
      select o.event ->> 'id', o.event ->> 'subject', o.event ->> 'aggregate', (o.event ->> 'version')::bigint,
        o.event -> 'headers', o.event ->> 'payload'
      from (select u.event::jsonb as event from unnest(p_outbox) with ordinality as u (event, n)
            where u.event <> '' and v_codes[u.n] = 'POSTED') o;
    end if;
  end if;

  if v_last_seq > v_first_seq or cardinality(v_refused) > 0 then
    -- A refusal is as durable as a posting, and as provable.
    if cardinality(v_refused) > 0 then
      for i in 1 .. cardinality(v_refused) loop
        v_leaf := sha256('\x000002'::bytea || int8send(p_book_id) || int8send(v_block_no)
          || int4send(octet_length(p_keys[v_refused[i]])) || convert_to(p_keys[v_refused[i]], 'UTF8')
          || p_hashes[v_refused[i]]
          || int4send(octet_length(v_codes[v_refused[i]])) || convert_to(v_codes[v_refused[i]], 'UTF8'));
        v_leaves[v_last_seq - v_first_seq + i] := v_leaf;
      end loop;
      insert into rejection (book_id, idem_key, block_no, leaf_index, request_hash, code, recorded_at, leaf)
      select p_book_id, p_keys[v_refused[n]], v_block_no, v_last_seq - v_first_seq + n - 1, p_hashes[v_refused[n]],
        v_codes[v_refused[n]], v_recorded_at, v_leaves[v_last_seq - v_first_seq + n]
      from generate_series(1, cardinality(v_refused)) as n;
    end if;
    v_root := merkle_root(v_leaves);
    v_hash := sha256('\x02'::bytea || int8send(p_book_id) || int8send(v_block_no) || int8send(v_first_seq + 1)
      || int8send(v_last_seq) || int4send(cardinality(v_leaves)) || int8send(v_recorded_us) || v_prev || v_root);
    insert into block (book_id, block_no, from_seq, to_seq, leaf_count, recorded_at, root, prev, hash)
    values (p_book_id, v_block_no, v_first_seq + 1, v_last_seq, cardinality(v_leaves), v_recorded_at, v_root, v_prev,
      v_hash);
    update book set last_seq = v_last_seq, last_block = v_block_no, head = v_hash, recorded_at = v_recorded_at
    where id = p_book_id;
  end if;

  -- An event that was parked and is posted now is solved.
  with heard as (
    insert into inbox (event_id, subject, book_id, outcome, seq)
    select distinct on (p_event_ids[n]) p_event_ids[n], p_subjects[n], p_book_id, v_codes[n], v_seqs[n]
    from generate_series(1, v_items) as n
    where v_codes[n] <> 'IDEMPOTENCY_KEY_CONFLICT' and p_event_ids[n] <> c_no_event
    order by p_event_ids[n], n
    on conflict (event_id) do update
      set book_id = excluded.book_id, outcome = excluded.outcome, seq = excluded.seq, xid = excluded.xid
      where inbox.outcome = 'PARKED'
    returning event_id, xmax <> 0 as was_parked)
  select array_agg(h.event_id) into v_were_parked from heard h where h.was_parked;
  if v_were_parked is not null then
    update parked_event set resolved_at = clock_timestamp(), resolution = 'POSTED'
    where event_id = any (v_were_parked) and resolved_at is null;
  end if;

  codes := array_to_string(v_codes, ' ');
  seqs := array_to_string(v_seqs, ' ');
end $$;

revoke all on function ledger.posting_time(), ledger.ensure_book(bigint, text), ledger.merkle_root(bytea[]) from public;
revoke all on function ledger.post_batch from public;
grant execute on function ledger.ensure_book(bigint, text) to :app;
grant execute on function ledger.post_batch to :app;
