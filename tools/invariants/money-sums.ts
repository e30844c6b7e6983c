import type { Row, World } from "./invariant.ts";
import { rowsOf } from "./query.ts";

type Sum = {
  readonly what: string;
  readonly application_id: string;
  readonly mode: string;
  readonly currency: string;
  readonly total: string;
};

const WHOSE = "application_id, mode, currency";

const OWED = `case origin when 'MERCHANT' then 'owed to merchants' when 'MISMATCH' then 'differing money' else 'late money' end`;

/** Each movement at its own moment, so that both sides can be cut at the same one. */
const MOVEMENTS = `
  select 'owed to merchants' as what, ${WHOSE}, paid_minor as amount, paid_at as at from payment where paid_minor > 0
  union all
  select case kind when 'MISMATCH' then 'differing money' else 'late money' end, ${WHOSE}, amount_minor, recorded_at
  from charge where kind <> 'SETTLEMENT'
  union all
  select ${OWED}, ${WHOSE}, -amount_minor,
         case when decided_by is null then created_at else updated_at end
  from refund where status in ('PENDING', 'SUCCEEDED', 'FAILED')
  union all
  select ${OWED}, ${WHOSE}, amount_minor, updated_at
  from refund where status = 'FAILED'
  union all
  select 'refunds in flight', ${WHOSE}, amount_minor, case when decided_by is null then created_at else updated_at end
  from refund where status in ('PENDING', 'SUCCEEDED', 'FAILED')
  union all
  select 'refunds in flight', ${WHOSE}, -amount_minor, updated_at from refund where status in ('SUCCEEDED', 'FAILED')`;

const PAYMENTS = (before: string): string => `
  select what, ${WHOSE}, sum(amount)::text as total from (${MOVEMENTS}) m where at < ${before} group by 1, 2, 3, 4`;

/** What events moved; what people adjusted has no counterpart in payments. */
const LEDGER = (before: string): string => `
  select case a.path when 'Liabilities:Merchant:Payable' then 'owed to merchants'
           when 'Liabilities:Customers:LateMoney' then 'late money' when 'Liabilities:Refunds:InFlight' then 'refunds in flight'
           else 'differing money' end as what,
         b.application_id, b.mode, a.currency, sum(-e.amount)::text as total
  from ledger.entry e join ledger.account a on a.id = e.account_id join ledger.book b on b.id = e.book_id
  join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq
  where t.event_id is not null and t.occurred_at < ${before}
    and (a.path in ('Liabilities:Merchant:Payable', 'Liabilities:Customers:LateMoney', 'Liabilities:Refunds:InFlight')
      or a.path like 'Liabilities:Suspense:%')
  group by 1, 2, 3, 4`;

/** X2: the money that payments says came in and went back is the money that the ledger owes. */
export async function* unequalSums(world: World): AsyncGenerator<Row> {
  const before = await cutOf(world);
  const sums = new Map<string, { payments: bigint; ledger: bigint }>();
  for (const [side, text] of [["payments", PAYMENTS(before)] as const, ["ledger", LEDGER(before)] as const]) {
    for await (const { what, application_id, mode, currency, total } of rowsOf<Sum>(world, side, text)) {
      const key = `${what}: application ${application_id} ${mode} ${currency}`;
      const known = sums.get(key) ?? { payments: 0n, ledger: 0n };
      sums.set(key, { ...known, [side]: BigInt(total) });
    }
  }
  for (const [of, { payments, ledger }] of sums) if (payments !== ledger) yield { of, payments, ledger };
}

/** One moment for both sides, by the clock of payments, which stamps the events too. */
export async function cutOf(world: World): Promise<string> {
  const text = "select (clock_timestamp() - {quiet})::text as cut";
  for await (const { cut } of rowsOf<{ cut: string }>(world, "payments", text)) return `timestamptz '${cut}'`;
  throw new Error("the database of payments does not tell the time");
}
