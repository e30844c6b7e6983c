import type { Invariant } from "./invariant.ts";
import { brokenChain } from "./ledger-chain.ts";
import { queriesOn } from "./query.ts";

const of = queriesOn("ledger");

/** Kind of a transaction that takes another one back. */
const REVERSE = 31;
/** The inbox forgets after thirty days. */
const REMEMBERED = "clock_timestamp() - interval '29 days'";

export const LEDGER: readonly Invariant[] = [
  of(
    "L1",
    "every transaction balances per currency and has at least two entries",
    `select e.book_id, e.seq, a.currency, sum(e.amount) as total, count(*) as entries from ledger.entry e
     join ledger.account a on a.id = e.account_id
     join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq where t.recorded_at >= {since}
     group by e.book_id, e.seq, a.currency having sum(e.amount) <> 0`,
    `select t.book_id, t.seq, t.entry_count, count(e.leg) as entries from ledger.txn t
     left join ledger.entry e on e.book_id = t.book_id and e.seq = t.seq where t.recorded_at >= {since}
     group by t.book_id, t.seq, t.entry_count having count(e.leg) <> t.entry_count or count(e.leg) < 2`,
    `select e.book_id, e.seq, e.leg, 'of no transaction' as why from ledger.entry e
     where not exists (select from ledger.txn t where t.book_id = e.book_id and t.seq = e.seq)`,
  ),
  of(
    "L2",
    "stored balances, days and open items are the sums of the entries, and running balances chain",
    `select coalesce(b.account_id, e.account_id) as account, b.debits, b.credits, e.debits as summed_debits, e.credits as summed_credits
     from ledger.account_balance b full join (
       select account_id, sum(greatest(amount, 0)) as debits, sum(greatest(-amount, 0)) as credits, count(*) as entries
       from ledger.entry group by 1) e on e.account_id = b.account_id
     where (coalesce(b.debits, 0), coalesce(b.credits, 0), coalesce(b.version, 0))
       is distinct from (coalesce(e.debits, 0), coalesce(e.credits, 0), coalesce(e.entries, 0))`,
    `select account_id, account_version, balance_after, expected, debits_after, expected_debits from (
       select account_id, account_version, balance_after, debits_after, row_number() over chain as n,
              sum(amount) over chain as expected, sum(greatest(amount, 0)) over chain as expected_debits
       from ledger.entry window chain as (partition by account_id order by account_version rows unbounded preceding)) x
     where (balance_after, debits_after, account_version) <> (expected, expected_debits, n)`,
    `select coalesce(d.account_id, e.account_id) as account, coalesce(d.day, e.day) as day, d.debits, d.credits
     from ledger.account_day d full join (
       select e.account_id, t.business_date as day, sum(greatest(e.amount, 0)) as debits, sum(greatest(-e.amount, 0)) as credits
       from ledger.entry e join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq group by 1, 2) e
       on e.account_id = d.account_id and e.day = d.day
     where (d.debits, d.credits) is distinct from (e.debits, e.credits)`,
    `select coalesce(o.account_id, e.account_id) as account, coalesce(o.ref, e.ref) as ref, o.amount, e.amount as summed
     from ledger.open_item o full join (
       select account_id, ref, sum(amount) as amount from ledger.entry where ref is not null group by 1, 2) e
       on e.account_id = o.account_id and e.ref = o.ref
     where coalesce(o.amount, 0) <> coalesce(e.amount, 0)`,
  ),
  of(
    "L3",
    "one transaction per source event, of the same database transaction as its inbox row",
    `select t.book_id, t.seq, t.event_id, i.outcome from ledger.txn t left join ledger.inbox i on i.event_id = t.event_id
     where t.event_id is not null and t.recorded_at > ${REMEMBERED} and t.recorded_at >= {since}
       and (i.outcome, i.book_id, i.seq, i.xid) is distinct from ('POSTED', t.book_id, t.seq, t.xid)`,
    `select book_id, count(*) as posted, event_id from ledger.txn where event_id is not null
     group by book_id, event_id having count(*) > 1`,
    `select i.book_id, i.seq, i.event_id, i.outcome from ledger.inbox i
     left join ledger.txn t on t.book_id = i.book_id and t.seq = i.seq
     where i.outcome in ('POSTED', 'REPLAYED') and i.received_at >= {since}
       and (t.seq is null or i.outcome = 'POSTED' and t.event_id is distinct from i.event_id)`,
  ),
  {
    name: "L4",
    title: "the hash chain recomputes from the rows, the sequence has no gap, and no row was changed",
    group: "ledger",
    broken: brokenChain,
  },
  of(
    "L5",
    "accounts with a limit keep it after every entry",
    `select e.account_id, e.seq, e.balance_after, b.min_balance, b.max_balance from ledger.account_balance b
     join ledger.entry e on e.account_id = b.account_id
     where e.balance_after < b.min_balance or e.balance_after > b.max_balance`,
  ),
  of(
    "L6",
    "a reversal names an existing transaction, is equal and opposite, and happens at most once",
    `select book_id, reverses_seq as seq, count(*) as reversals from ledger.txn where reverses_seq is not null
     group by book_id, reverses_seq having count(*) > 1`,
    `select t.book_id, t.seq, t.kind, t.reverses_seq from ledger.txn t
     left join ledger.txn o on o.book_id = t.book_id and o.seq = t.reverses_seq
     where (t.kind = ${REVERSE} or t.reverses_seq is not null)
       and (t.kind <> ${REVERSE} or o.seq is null or o.kind = ${REVERSE} or o.seq >= t.seq)`,
    `select t.book_id, t.seq, coalesce(e.leg, m.leg) as leg, e.amount, m.amount as reversed from ledger.txn t
     join lateral (select * from ledger.entry where book_id = t.book_id and seq = t.seq) e on true
     full join (select r.seq as by, x.* from ledger.txn r
       join ledger.entry x on x.book_id = r.book_id and x.seq = r.reverses_seq) m
       on m.by = t.seq and m.book_id = t.book_id and m.leg = e.leg
     where (t.reverses_seq is not null or t.seq is null)
       and (e.account_id, e.amount, coalesce(e.ref, '')) is distinct from (m.account_id, -m.amount, coalesce(m.ref, ''))`,
  ),
  of(
    "L7",
    "the trial balance of each book and currency is zero",
    `select a.book_id, a.currency, sum(b.debits - b.credits) as total from ledger.account a
     join ledger.account_balance b on b.account_id = a.id
     group by a.book_id, a.currency having sum(b.debits - b.credits) <> 0`,
    `select a.book_id, a.currency, sum(e.amount) as total from ledger.entry e
     join ledger.account a on a.id = e.account_id and a.book_id = e.book_id
     group by a.book_id, a.currency having sum(e.amount) <> 0`,
  ),
];
