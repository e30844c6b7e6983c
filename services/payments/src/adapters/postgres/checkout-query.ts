import type { Sql } from "@oi/platform/postgres/client";
import type { CheckoutFile, DifferingCounts } from "../../domain/checkout.ts";
import { instantOrNull, type PaymentRow, toPayment } from "./rows.ts";

type CheckoutRow = PaymentRow &
  DifferingCounts & {
    readonly application_name: string;
    readonly late_payment_policy: CheckoutFile["latePaymentPolicy"];
    readonly awaiting: boolean;
    readonly method: NonNullable<CheckoutFile["method"]> | null;
    readonly late_minor: string;
    readonly returned_minor: string;
    readonly returning_minor: string;
    readonly last_refunded_at: Date | null;
  };

/**
 * A checkout in one round trip. Pages that wait read it again and again, so attempts and claims, which
 * only a decision needs, are left out.
 */
export async function readCheckout(sql: Sql, reference: string): Promise<CheckoutFile | null> {
  const [row] = await sql<CheckoutRow[]>`
    select p.*, a.name as application_name, a.late_payment_policy,
      exists (select from gateway_callback b where b.matched_payment_id = p.id and b.outcome = 'PENDING_VERIFICATION') as awaiting,
      c.method, c.late_minor, c.confirmed, m.undecided, m.dismissed, r.returned_minor, r.returning_minor, r.last_refunded_at,
      r.returning, r.returned
    from payment p
      join application a on a.id = p.application_id
      cross join lateral (
        select jsonb_agg(method) filter (where kind = 'SETTLEMENT') -> 0 as method,
          coalesce(sum(amount_minor) filter (where kind in ('LATE', 'EXTRA')), 0) as late_minor,
          count(*) filter (where kind = 'MISMATCH')::int as confirmed
        from charge where payment_id = p.id) as c
      cross join lateral (
        select count(*) filter (where state = 'OPEN')::int as undecided, count(*) filter (where state = 'DISMISSED')::int as dismissed
        from gateway_mismatch where payment_id = p.id) as m
      cross join lateral (
        select
          coalesce(sum(amount_minor) filter (where origin = 'LATE_MONEY' and status = 'SUCCEEDED'), 0) as returned_minor,
          coalesce(sum(amount_minor) filter (where origin = 'LATE_MONEY' and on_its_way), 0) as returning_minor,
          count(*) filter (where origin = 'MISMATCH' and status = 'SUCCEEDED')::int as returned,
          count(*) filter (where origin = 'MISMATCH' and on_its_way)::int as returning,
          max(updated_at) filter (where origin = 'MERCHANT' and status = 'SUCCEEDED') as last_refunded_at
        from (
          select origin, status, amount_minor, updated_at, status = 'PENDING' and not exists (
            select from refund_attempt t where t.refund_id = refund.id
              and (t.state = 'UNKNOWN' or (t.state = 'ACCEPTED' and t.next_at is null))) as on_its_way
          from refund where payment_id = p.id) as each) as r
    where p.reference = ${reference}`;
  if (!row) return null;
  const { method } = row;
  return {
    payment: toPayment(row),
    applicationName: row.application_name,
    latePaymentPolicy: row.late_payment_policy,
    awaitingConfirmation: row.awaiting,
    method: method && { channel: method.channel, brand: method.brand },
    refundedAt: instantOrNull(row.last_refunded_at),
    lateSums: {
      receivedMinor: BigInt(row.late_minor),
      returnedMinor: BigInt(row.returned_minor),
      returningMinor: BigInt(row.returning_minor),
    },
    differing: {
      undecided: row.undecided,
      dismissed: row.dismissed,
      confirmed: row.confirmed,
      returning: row.returning,
      returned: row.returned,
    },
  };
}
