import { toBooks } from "../inputs.ts";
import type { Row, World } from "../invariant.ts";
import { database } from "../query.ts";
import type { Journals } from "./journals.ts";

type Charge = {
  readonly gateway_ref: string;
  readonly merchant_ref: string;
  readonly kind: string;
  readonly amount: string;
  readonly currency: string;
  readonly store: string;
  readonly goes_back: string;
  readonly held: boolean;
};

/** S2: the gateway's books of a run against what became of them. Nobody may own a difference here but a person. */
export async function* chargedTwice(world: World, { gateway }: Journals): AsyncGenerator<Row> {
  const { charges, refunds } = toBooks(gateway);
  const sql = database(world, "payments");
  const rows = await sql<Charge[]>`
    select c.gateway_ref, a.merchant_ref, c.kind, c.amount_minor::text as amount, c.currency, c.account as store,
      (select count(*) from refund r where r.charge_id = c.id and r.status not in ('FAILED', 'REJECTED'))::text as goes_back,
      exists (select from payment_review v where v.payment_id = c.payment_id and v.reason = 'LATE_MONEY_HELD') as held
    from charge c join gateway_attempt a on a.id = c.attempt_id where c.gateway_ref = any(${charges.map(({ valId }) => valId)})`;
  const flagged = await sql<{ merchant_ref: string }[]>`
    select a.merchant_ref from gateway_attempt a join payment p on p.id = a.payment_id
    where exists (select from payment_review v where v.payment_id = p.id and v.reason like '%\\_MISMATCH')`;
  const differs = new Set(flagged.map(({ merchant_ref }) => merchant_ref));
  const booked = new Map(rows.map((row) => [row.gateway_ref, row]));
  const settled = new Map<string, string>();
  for (const { tranId, valId, amountMinor, currency } of charges) {
    const row = booked.get(valId);
    const payment = tranId.slice(0, tranId.lastIndexOf("-"));
    if (!row) {
      if (!differs.has(tranId)) yield { charge: valId, tranId, why: "it is not booked" };
      continue;
    }
    if (row.merchant_ref !== tranId || row.amount !== String(amountMinor) || row.currency !== currency)
      yield {
        charge: valId,
        tranId,
        why: `it is booked as ${row.amount} ${row.currency} of ${row.merchant_ref}`,
      };
    if (row.kind === "SETTLEMENT") {
      const other = settled.get(payment);
      if (other !== undefined) yield { payment, why: `both ${other} and ${valId} settled it` };
      settled.set(payment, valId);
    } else if (row.kind !== "MISMATCH" && row.goes_back === "0" && !row.held)
      yield { charge: valId, tranId, why: "an extra charge neither goes back nor is held" };
  }
  yield* returnedTwice(world, refunds);
}

/** One refund is executed once, whatever number of tries it took. */
async function* returnedTwice(
  world: World,
  refunds: ReturnType<typeof toBooks>["refunds"],
): AsyncGenerator<Row> {
  const executed = new Map<string, { times: number; returned: boolean }>();
  for (const { refundTransId, status } of refunds) {
    if (status === "cancelled") continue;
    const reference = refundTransId.slice(0, refundTransId.lastIndexOf("-"));
    const known = executed.get(reference) ?? { times: 0, returned: false };
    executed.set(reference, { times: known.times + 1, returned: known.returned || status === "refunded" });
  }
  const rows = await database(world, "payments")<{ reference: string; status: string; in_doubt: boolean }[]>`
    select r.reference, r.status, 'REFUND_UNKNOWN' = any (p.review_reasons) as in_doubt from refund r
    join payment p on p.id = r.payment_id`;
  const known = new Map(rows.map((row) => [row.reference, row]));
  for (const [refund, { times, returned }] of executed) {
    const row = known.get(refund);
    if (times > 1) yield { refund, why: `the gateway executed it ${times} times` };
    if (!row) yield { refund, why: "the gateway executed what nobody asked for" };
    else if (returned && row.status !== "SUCCEEDED" && !row.in_doubt)
      yield { refund, why: `the money went back, and it is ${row.status}` };
  }
  for (const { reference, status } of rows)
    if (status === "SUCCEEDED" && !executed.get(reference)?.returned)
      yield { refund: reference, why: "it succeeded, and the gateway returned nothing" };
}
