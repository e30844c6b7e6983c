import type { Scope } from "@oi/kernel/scope";
import type { Sql } from "@oi/platform/postgres/client";
import type { IntegrityBreak } from "../../domain/book-proof.ts";
import { bookId } from "./book-id.ts";
import { exactNumber } from "./rows.ts";

type Row = {
  readonly subject: string;
  readonly seq: string | null;
  readonly expected: string;
  readonly actual: string;
};

type DriftQuery = { readonly check: string; readonly find: (sql: Sql, book: string) => Promise<Row[]> };

/** Each finds the first figure that its entries do not add up to. */
const QUERIES: readonly DriftQuery[] = [
  { check: "V1", find: unheldRows },
  { check: "V6", find: dayTotals },
  { check: "V7", find: openItems },
  { check: "V10", find: twoFates },
  { check: "V11", find: inbox },
  { check: "V14", find: unproposed },
];

export async function selectFirstDrift(sql: Sql, scope: Scope): Promise<IntegrityBreak | null> {
  for (const { check, find } of QUERIES) {
    const [row] = await find(sql, bookId(scope));
    if (!row) continue;
    const { subject, expected, actual } = row;
    const seq = row.seq === null ? null : exactNumber(row.seq);
    return { check, blockNo: null, seq, leg: null, subject, expected, actual };
  }
  return null;
}

/** Rows beyond what the blocks hold would otherwise never be looked at. */
function unheldRows(sql: Sql, book: string): Promise<Row[]> {
  return sql<Row[]>`
    select subject, null as seq, expected::text, actual::text from (
      select 'number of transactions' as subject, b.last_seq as expected,
        (select count(*) from ledger.txn t where t.book_id = b.id) as actual from ledger.book b where b.id = ${book}
      union all
      select 'number of entries', (select coalesce(sum(t.entry_count), 0) from ledger.txn t where t.book_id = ${book}),
        (select count(*) from ledger.entry e where e.book_id = ${book})
      union all
      select 'number of leaves', (select coalesce(sum(k.leaf_count), 0) from ledger.block k where k.book_id = ${book}),
        (select count(*) from ledger.txn t where t.book_id = ${book})
          + (select count(*) from ledger.rejection r where r.book_id = ${book})) c
    where c.expected <> c.actual limit 1`;
}

function dayTotals(sql: Sql, book: string): Promise<Row[]> {
  return sql<Row[]>`
    select coalesce(c.account_id, s.account_id) || ' on ' || coalesce(c.day, s.day) as subject, null as seq,
      concat_ws(' ', c.debits, c.credits) as expected, concat_ws(' ', s.debits, s.credits) as actual
    from (
      select e.account_id, t.business_date as day, sum(greatest(e.amount, 0)) as debits,
        sum(greatest(-e.amount, 0)) as credits
      from ledger.entry e join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq
      where e.book_id = ${book} group by 1, 2) c
    full join (select * from ledger.account_day d where d.book_id = ${book}) s
      on s.account_id = c.account_id and s.day = c.day
    where (c.debits, c.credits) is distinct from (s.debits, s.credits)
    order by 1 limit 1`;
}

/** An item at zero may be pruned. */
function openItems(sql: Sql, book: string): Promise<Row[]> {
  return sql<Row[]>`
    select coalesce(c.account_id, s.account_id) || ' ' || coalesce(c.ref, s.ref) as subject, c.opened_seq::text as seq,
      concat_ws(' ', c.amount, c.opened_seq, c.last_seq, t.recorded_at) as expected,
      concat_ws(' ', s.amount, s.opened_seq, s.last_seq, s.opened_at) as actual
    from (
      select e.account_id, e.ref, sum(e.amount) as amount, min(e.seq) as opened_seq, max(e.seq) as last_seq
      from ledger.entry e where e.book_id = ${book} and e.ref is not null group by 1, 2) c
    join ledger.txn t on t.book_id = ${book} and t.seq = c.opened_seq
    full join (select * from ledger.open_item o where o.book_id = ${book}) s
      on s.account_id = c.account_id and s.ref = c.ref
    where not (s.account_id is null and c.amount = 0)
      and (c.amount, c.opened_seq, c.last_seq, t.recorded_at)
        is distinct from (s.amount, s.opened_seq, s.last_seq, s.opened_at)
    order by 1 limit 1`;
}

function twoFates(sql: Sql, book: string): Promise<Row[]> {
  return sql<Row[]>`
    select r.idem_key as subject, t.seq::text, 'one of posted and refused' as expected, 'both' as actual
    from ledger.rejection r join ledger.txn t on t.book_id = r.book_id and t.idem_key = r.idem_key
    where r.book_id = ${book} order by t.seq limit 1`;
}

/**
 * The inbox is kept for thirty days; what is in it was written by the transaction that it names. An event that comes
 * once more after that is known by its business key.
 */
function inbox(sql: Sql, book: string): Promise<Row[]> {
  return sql<Row[]>`
    select t.event_id::text as subject, t.seq::text, concat_ws(' ', 'POSTED', t.seq, t.xid) as expected,
      coalesce(nullif(concat_ws(' ', i.outcome, i.seq, i.xid), ''), 'nothing') as actual
    from ledger.txn t left join ledger.inbox i on i.event_id = t.event_id
    where t.book_id = ${book} and t.event_id is not null
      and (i.event_id is not null or t.recorded_at > clock_timestamp() - interval '29 days')
      and (i.outcome, i.seq, i.book_id, i.xid) is distinct from ('POSTED', t.seq, t.book_id, t.xid)
      and (i.outcome = 'REPLAYED' and i.seq = t.seq and i.book_id = t.book_id
        and i.received_at > t.recorded_at + interval '29 days') is not true
    order by t.seq limit 1`;
}

/** What people changed has a proposal that two of them stand behind. */
function unproposed(sql: Sql, book: string): Promise<Row[]> {
  return sql<Row[]>`
    select c.idem_key as subject, c.seq::text, 'an adjustment' as expected, 'none' as actual
    from (
      select idem_key, seq from ledger.txn where book_id = ${book} and kind in (30, 31)
      union all
      select idem_key, null from ledger.rejection where book_id = ${book}) c
    where not exists (
      select from ledger.adjustment a where a.book_id = ${book} and 'adjustment:' || a.id = c.idem_key)
    order by 1 limit 1`;
}
