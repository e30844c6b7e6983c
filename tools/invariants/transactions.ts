import type { BookSide, GatewayCharge } from "./inputs.ts";
import type { Row, World } from "./invariant.ts";
import { inGroups, sideBySide } from "./merge.ts";
import { cutOf } from "./money-sums.ts";
import { database, rowsOf } from "./query.ts";

type Movement = { readonly key: string; readonly amount: string; readonly isOld: boolean };

const BOOK = "(case mode when 'LIVE' then application_id else -application_id end)";
const KEY = (text: string): string => `${BOOK} || ' ' || ${text}`;

/** Every movement of money that payments knows of, by the key that the ledger posts it under. */
const MOVEMENTS = (cut: string): string => `
  select key, amount::text || ' ' || currency as amount, at < ${cut} and at >= {since} as "isOld" from (
    select ${KEY("'payment:' || payment_id || case kind when 'SETTLEMENT' then ':captured' when 'MISMATCH' then ':mismatch:' || attempt_id else ':late:' || id end")} as key,
           amount_minor as amount, currency, recorded_at as at from charge
    union all
    select ${KEY("'refund:' || id || ':reserved'")}, amount_minor, currency,
           case when decided_by is null then created_at else updated_at end
    from refund where status in ('PENDING', 'SUCCEEDED', 'FAILED')
    union all
    select ${KEY("'refund:' || id || ':outcome'")}, case status when 'SUCCEEDED' then amount_minor else -amount_minor end,
           currency, updated_at from refund where status in ('SUCCEEDED', 'FAILED')) m
  order by key collate "C"`;

/** By the leg that says whose money it is; an outcome that releases is told from one that settles by its sign. */
const POSTINGS = (cut: string): string => `
  select * from (select t.book_id || ' ' || t.idem_key as key, l.amount || ' ' || l.currency as amount,
         t.occurred_at < ${cut} and t.occurred_at >= {since} as "isOld"
  from ledger.txn t left join lateral (
    select (case t.kind when 22 then -1 else 1 end * abs(sum(e.amount)))::text as amount, a.currency from ledger.entry e
    join ledger.account a on a.id = e.account_id
    where e.book_id = t.book_id and e.seq = t.seq and a.path = any (case t.kind
      when 10 then array['Liabilities:Merchant:Payable'] when 11 then array['Liabilities:Customers:LateMoney']
      when 12 then array['Liabilities:Suspense:Sslcommerz']
      else array['Liabilities:Refunds:InFlight'] end)
    group by a.currency) l on true
  where t.event_id is not null and t.kind in (10, 11, 12, 20, 21, 22)) m order by key collate "C"`;

/** X4: gateway, payments and ledger agree about every single transaction, or somebody owns the difference. */
export async function* disagreements(world: World): AsyncGenerator<Row> {
  const cut = await cutOf(world);
  const movements = rowsOf<Movement>(world, "payments", MOVEMENTS(cut));
  const postings = rowsOf<Movement>(world, "ledger", POSTINGS(cut));
  for await (const [movement, posting] of sideBySide(movements, postings)) {
    if (movement && posting) {
      if (movement.amount !== posting.amount)
        yield { of: movement.key, payments: movement.amount, ledger: posting.amount };
    } else if (movement?.isOld) yield { of: movement.key, payments: movement.amount, ledger: "nothing" };
    else if (posting?.isOld) yield { of: posting.key, payments: "nothing", ledger: posting.amount };
  }
  if (world.gateway === null) yield { missing: "the gateway's books: --gateway URL or FILE" };
  else {
    yield* chargesApart(world, world.gateway);
    yield* refundsApart(world, world.gateway);
  }
}

const AT_ONCE = 500;

type Charge = {
  readonly gateway_ref: string;
  readonly gateway_txn_id: string;
  readonly merchant_ref: string;
  readonly amount: string;
  readonly currency: string;
  readonly gross: string;
  readonly account: string;
};

async function* chargesApart(world: World, gateway: BookSide): AsyncGenerator<Row> {
  const sql = database(world, "payments");
  const accounts = new Set<string>();
  for await (const taken of inGroups(each(gateway.charges), AT_ONCE)) {
    const rows = await sql<Charge[]>`
      select c.gateway_ref, c.gateway_txn_id, a.merchant_ref, c.amount_minor::text as amount, c.currency,
        c.gross_minor::text as gross, c.account
      from charge c join gateway_attempt a on a.id = c.attempt_id where c.gateway_ref = any(${taken.map(({ valId }) => valId)})`;
    const known = new Map(rows.map((row) => [row.gateway_ref, row]));
    const owners = await ownersOf(
      world,
      taken.map(({ tranId }) => tranId),
    );
    for (const charge of taken) {
      const row = known.get(charge.valId);
      if (row) accounts.add(row.account);
      if (row && isSame(row, charge)) continue;
      const { valId, tranId, amountMinor, currency } = charge;
      const told = row ? `${row.amount} ${row.currency} for ${row.merchant_ref}` : "nothing";
      const owner = owners.get(tranId);
      yield {
        charge: valId,
        tranId,
        gateway: `${amountMinor} ${currency}`,
        payments: told,
        ...(owner ? { owner } : {}),
      };
    }
  }
  yield* unknownToGateway(world, gateway, accounts);
}

const isSame = (row: Charge, charge: GatewayCharge): boolean =>
  row.merchant_ref === charge.tranId &&
  row.gateway_txn_id === charge.bankTranId &&
  row.amount === String(charge.amountMinor) &&
  row.currency === charge.currency &&
  row.gross === String(charge.grossMinor);

/** Who takes care of a charge that is not booked: a person who was told, or the next question to the gateway. */
async function ownersOf(world: World, merchantRefs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await database(world, "payments")<{ merchant_ref: string; owner: string | null }[]>`
    select a.merchant_ref, case when told.reasons is not null then 'an operator, because of ' || told.reasons
      when a.next_inquiry_at is not null then 'the next inquiry, at ' || a.next_inquiry_at end as owner
    from gateway_attempt a join payment p on p.id = a.payment_id
    cross join lateral (select string_agg(reason, ', ') as reasons from unnest(p.review_reasons) reason
      where reason like '%\\_MISMATCH' or reason in ('GATEWAY_CONTRADICTION', 'STUCK_UNKNOWN')) told
    where a.merchant_ref = any(${[...merchantRefs]})`;
  return new Map(rows.flatMap(({ merchant_ref, owner }) => (owner === null ? [] : [[merchant_ref, owner]])));
}

async function* unknownToGateway(world: World, gateway: BookSide, accounts: ReadonlySet<string>) {
  if (!Number.isFinite(gateway.knowsSince)) return;
  const known = new Set(gateway.charges.map(({ valId }) => valId));
  const rows = rowsOf<{ gateway_ref: string; payment_id: string; account: string }>(
    world,
    "payments",
    `select c.gateway_ref, c.payment_id, c.account from charge c join gateway_attempt a on a.id = c.attempt_id
     where a.created_at >= to_timestamp(${gateway.knowsSince} / 1000.0) and c.recorded_at >= {since}`,
  );
  for await (const { gateway_ref: charge, payment_id, account } of rows)
    if (accounts.has(account) && !known.has(charge)) yield { charge, payment_id, gateway: "nothing" };
}

type Try = {
  readonly merchant_refund_ref: string;
  readonly state: string;
  readonly status: string;
  readonly gateway_minor: string;
  readonly owner: string | null;
};

/** What the gateway returned or returns, against the tries that asked for it. */
async function* refundsApart(world: World, gateway: BookSide): AsyncGenerator<Row> {
  const sql = database(world, "payments");
  for await (const returned of inGroups(each(gateway.refunds), AT_ONCE)) {
    const rows = await sql<Try[]>`
      select t.merchant_refund_ref, t.state, r.status, r.gateway_minor::text,
        case when 'REFUND_UNKNOWN' = any (p.review_reasons) then 'an operator, because of REFUND_UNKNOWN'
             when t.next_at is not null then 'the next question, at ' || t.next_at end as owner
      from refund_attempt t join refund r on r.id = t.refund_id join payment p on p.id = r.payment_id
      where t.merchant_refund_ref = any(${returned.map(({ refundTransId }) => refundTransId)})`;
    const known = new Map(rows.map((row) => [row.merchant_refund_ref, row]));
    for (const { refundTransId, amountMinor, status } of returned) {
      const row = known.get(refundTransId);
      const isBooked =
        row !== undefined &&
        row.gateway_minor === String(amountMinor) &&
        (status === "refunded"
          ? row.status === "SUCCEEDED"
          : status !== "cancelled" || row.status === "FAILED");
      if (isBooked) continue;
      const owner = row && row.gateway_minor === String(amountMinor) ? row.owner : null;
      const payments = row ? `${row.gateway_minor}, ${row.status}` : "nothing";
      yield {
        refund: refundTransId,
        gateway: `${amountMinor}, ${status}`,
        payments,
        ...(owner ? { owner } : {}),
      };
    }
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
