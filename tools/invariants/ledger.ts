import type { Invariant } from "./invariant.ts";

const of = (name: string, title: string, sql: string): Invariant => ({
  name,
  title,
  database: "ledger",
  sql,
});

export const LEDGER: readonly Invariant[] = [
  of(
    "L1",
    "every transaction balances per currency and has at least two entries",
    `select e.book_id, e.seq, a.currency, sum(e.amount) as total, count(*) as entries from ledger.entry e
     join ledger.account a on a.id = e.account_id
     group by e.book_id, e.seq, a.currency having sum(e.amount) <> 0
     union all
     select t.book_id, t.seq, null, null, count(e.leg) from ledger.txn t
     left join ledger.entry e on e.book_id = t.book_id and e.seq = t.seq
     group by t.book_id, t.seq, t.entry_count having count(e.leg) <> t.entry_count or count(e.leg) < 2`,
  ),
  of(
    "L2",
    "stored balances are the sum of the entries, and running balances chain",
    `select b.account_id, b.debits - b.credits as stored, coalesce(sum(e.amount), 0) as summed
     from ledger.account_balance b left join ledger.entry e on e.account_id = b.account_id
     group by b.account_id, b.debits, b.credits having b.debits - b.credits <> coalesce(sum(e.amount), 0)
     union all
     select account_id, balance_after, expected from (
       select account_id, balance_after,
              sum(amount) over (partition by account_id order by account_version rows unbounded preceding) as expected
       from ledger.entry) x where balance_after <> expected`,
  ),
  of(
    "L3",
    "one transaction per source event, of the same database transaction as its inbox row",
    `select t.book_id, t.seq, t.event_id from ledger.txn t left join ledger.inbox i on i.event_id = t.event_id
     where t.event_id is not null and (i.event_id is null or (i.outcome = 'POSTED' and i.xid <> t.xid))
     union all
     select book_id, count(*), event_id from ledger.txn where event_id is not null
     group by book_id, event_id having count(*) > 1`,
  ),
  of(
    "L4",
    "the sequence of each book has no gap",
    `select b.id, b.last_seq, count(t.seq) as found, max(t.seq) as last from ledger.book b
     left join ledger.txn t on t.book_id = b.id
     group by b.id, b.last_seq having count(t.seq) <> b.last_seq or coalesce(max(t.seq), 0) <> b.last_seq`,
  ),
  of(
    "L7",
    "the trial balance of each book and currency is zero",
    `select a.book_id, a.currency, sum(b.debits - b.credits) as total from ledger.account a
     join ledger.account_balance b on b.account_id = a.id
     group by a.book_id, a.currency having sum(b.debits - b.credits) <> 0`,
  ),
];
