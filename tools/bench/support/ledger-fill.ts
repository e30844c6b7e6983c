import type postgres from "postgres";

/** How many postings one statement writes; its transaction is what the disk holds beside the table. */
const CHUNK = 250_000;

/** The number of entries in an application's LIVE book. */
export async function entriesOf(admin: postgres.Sql, applicationId: number): Promise<number> {
  const [row] = await admin<{ count: string }[]>`
    select count(*) from ledger.entry where book_id = ${applicationId}`;
  return Number(row?.count ?? 0);
}

const HOT = 1;

/**
 * Lets the hot book grow to so many entries as if more captures of 600.00 with a fee had been posted: entries with
 * their running figures, balances and the book's sequence, which is all that a look at an old balance reads. Straight
 * into the tables, in a fraction of the time that posting takes; nothing can be proved or posted afterwards.
 */
export async function growHotBook(admin: postgres.Sql, entries: number): Promise<void> {
  for (
    let missing = Math.ceil((entries - (await entriesOf(admin, HOT))) / 4);
    missing > 0;
    missing -= CHUNK
  ) {
    await admin.begin(async (sql) => {
      // The guards look at every row, and these are known to be right.
      await sql`set local session_replication_role = replica`;
      await insertCaptures(sql, Math.min(CHUNK, missing));
    });
  }
  await admin`vacuum analyze ledger.entry`;
}

async function insertCaptures(sql: postgres.TransactionSql, count: number): Promise<void> {
  await sql`
    with leg (leg, path, amount, first_version, per_posting, balance_less, debit) as (values
      (1, 'Assets:Gateway:Sslcommerz:Receivable', 60000, -1, 2, -1500, 60000),
      (2, 'Liabilities:Merchant:Payable', -60000, 0, 1, 0, 0),
      (3, 'Expenses:GatewayFee:Sslcommerz', 1500, 0, 1, 0, 1500),
      (4, 'Assets:Gateway:Sslcommerz:Receivable', -1500, 0, 2, 0, 60000)),
    net (path, amount) as (select path, sum(amount) from leg group by path)
    insert into ledger.entry
      (seq, amount, balance_after, debits_after, account_version, book_id, account_id, leg, ref)
    select b.last_seq + n, l.amount, s.debits - s.credits + n * net.amount - l.balance_less, s.debits + n * l.debit,
      s.version + n * l.per_posting + l.first_version, ${HOT}::bigint, a.id, l.leg,
      case when a.clearing then 'payment:' || 1000000000 + b.last_seq + n end
    from generate_series(1, ${count}::bigint) n cross join leg l join net using (path) join ledger.book b on b.id = ${HOT}
    join ledger.account a on a.book_id = ${HOT} and a.path = l.path join ledger.account_balance s on s.account_id = a.id
    order by n, l.leg`;
  await sql`
    update ledger.account_balance s
    set debits = e.debits_after, credits = e.debits_after - e.balance_after, version = e.account_version
    from (
      select distinct on (account_id) account_id, debits_after, balance_after, account_version from ledger.entry
      where book_id = ${HOT} and seq >= (select last_seq + ${count}::bigint from ledger.book where id = ${HOT})
      order by account_id, account_version desc) e
    where s.account_id = e.account_id`;
  await sql`update ledger.book set last_seq = last_seq + ${count}::bigint where id = ${HOT}`;
}
