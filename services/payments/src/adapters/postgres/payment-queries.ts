import type { Sql } from "@oi/platform/postgres/client";
import { LIST_REACH } from "../../application/list-payments.ts";
import type { PaymentFile, PaymentFilter } from "../../application/ports.ts";
import type { OpenPayment } from "../../domain/payment.ts";
import { type MismatchJson, toMismatch } from "./mismatch-parts.ts";
import { type AttemptJson, type PaymentRow, rowFromJson, toAttempt, toPayment } from "./rows.ts";

/**
 * A list reaches so many payments in the order of their creation; another order, or a status, is of those. An index for
 * the order of changes would end the HOT updates of a payment's life (measured: four times the WAL of an update), one
 * for amounts costs every creation a tenth of the table in space, and neither would bound a status that is rare. So
 * what is looked at is bounded instead, by the index that is there, and the counting goes by it too: left to itself
 * it reads the table from its beginning for a customer who has much of it.
 */
export async function listPayments(sql: Sql, filter: PaymentFilter, scope: OpenPayment["scope"]) {
  const at = (instant: number | null): Date | null => (instant === null ? null : new Date(instant));
  const column = { createdAt: sql`created_at`, updatedAt: sql`updated_at`, amountMinor: sql`amount_minor` }[
    filter.sortBy
  ];
  const direction = filter.ascending ? sql`asc` : sql`desc`;
  const where = sql`
    application_id = ${scope.applicationId} and mode = ${scope.mode}
    ${filter.customerReference === null ? sql`` : sql`and customer_reference = ${filter.customerReference}`}
    ${filter.reference === null ? sql`` : sql`and reference = ${filter.reference}`}
    ${filter.from === null ? sql`` : sql`and created_at >= ${at(filter.from)}`}
    ${filter.to === null ? sql`` : sql`and created_at <= ${at(filter.to)}`}`;
  const fromTheOldest = filter.sortBy === "createdAt" && filter.ascending;
  const end = fromTheOldest ? sql`asc` : sql`desc`;
  const reached = sql`where ${where} order by created_at ${end}, id ${end} limit ${LIST_REACH}`;
  const status = filter.status === null ? sql`` : sql`where status = ${filter.status}`;
  const [rows, [count]] = await Promise.all([
    sql<PaymentRow[]>`
      select * from (select * from payment ${reached}) as reached ${status}
      order by ${column} ${direction}, id ${direction} limit ${filter.limit} offset ${filter.skip}`,
    sql<{ n: number }[]>`
      select count(*)::int as n from (select status from payment ${reached}) as reached ${status}`,
  ]);
  return { payments: rows.map(toPayment), total: count?.n ?? 0 };
}

type FileRow = PaymentRow & {
  readonly attempts: readonly AttemptJson[];
  readonly known_charges: string[];
  readonly mismatches: readonly MismatchJson[];
  readonly application_name: string;
  readonly late_payment_policy: PaymentFile["latePaymentPolicy"];
  readonly awaiting: boolean;
  readonly waiting: readonly { attempt_id: number; differ: boolean; denied_at: string | null }[];
};

/**
 * Payment, attempts, charges and waiting claims from one snapshot, in one round trip. A denial is the first definite
 * no that the gateway gave after the claim arrived.
 */
export async function readFile(sql: Sql, reference: string): Promise<PaymentFile | null> {
  const [row] = await sql<FileRow[]>`
    select p.*, a.name as application_name, a.late_payment_policy,
      coalesce((select jsonb_agg(to_jsonb(t) order by t.no) from gateway_attempt t where t.payment_id = p.id), '[]') as attempts,
      coalesce((select array_agg(c.gateway_ref) from charge c where c.payment_id = p.id), '{}') as known_charges,
      coalesce((select jsonb_agg(to_jsonb(m) order by m.id) from gateway_mismatch m where m.payment_id = p.id), '[]') as mismatches,
      exists (select from gateway_callback c where c.matched_payment_id = p.id and c.outcome = 'PENDING_VERIFICATION') as awaiting,
      coalesce((select jsonb_agg(w) from (
        select c.attempt_id, bool_or(c.claim_differs) as differ, min(i.asked_at) as denied_at
        from gateway_callback c left join gateway_inquiry i on i.payment_id = p.id and i.attempt_id = c.attempt_id
          and i.outcome in ('failed', 'cancelled', 'expired') and i.asked_at >= c.created_at
        where c.matched_payment_id = p.id and c.outcome = 'PENDING_VERIFICATION' and c.signature_valid and c.says = 'paid'
        group by c.attempt_id) as w), '[]') as waiting
    from payment p join application a on a.id = p.application_id where p.reference = ${reference}`;
  if (!row) return null;
  return {
    payment: toPayment(row),
    attempts: row.attempts.map((json) => toAttempt(rowFromJson(json))),
    knownCharges: row.known_charges,
    mismatches: row.mismatches.map(toMismatch),
    applicationName: row.application_name,
    latePaymentPolicy: row.late_payment_policy,
    awaitingConfirmation: row.awaiting,
    waitingClaims: row.waiting.map((claims) => ({
      attemptId: claims.attempt_id,
      differ: claims.differ,
      deniedAt: claims.denied_at === null ? null : Date.parse(claims.denied_at),
    })),
  };
}
