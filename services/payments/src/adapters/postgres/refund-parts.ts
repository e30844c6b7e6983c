import type { Sql } from "@oi/platform/postgres/client";
import type { PaymentChange } from "../../application/ports.ts";
import type { RefundCall } from "../../application/refund-ports.ts";
import type { Refund } from "../../domain/refund.ts";
import type { RefundAttempt } from "../../domain/refund-attempt.ts";
import { nothing, stamp } from "./statement.ts";

type AttemptOf = RefundAttempt & { readonly refundId: number };

/** What a change of a payment writes about its refunds; every part selects from the payment's row, `p`. */
export function refundParts(sql: Sql, { refunds, refundCall }: PaymentChange) {
  const fresh = refunds.filter(({ isNew }) => isNew).map(({ refund }) => refund);
  const known = refunds.filter(({ isNew }) => !isNew).map(({ refund }) => refund);
  const tries = refunds.flatMap(({ refund, attempts }) =>
    attempts.map((attempt): AttemptOf => ({ ...attempt, refundId: refund.id })),
  );
  return sql`
    rf as (${freshRefunds(sql, fresh)}),
    rc as (${changedRefunds(sql, known)}),
    tc as (${changedTries(sql, tries)}),
    tf as (${freshTries(sql, tries)}),
    rl as (${callRow(sql, refundCall)})`;
}

const decidedBy = (refund: Refund): string | null =>
  "rejectedBy" in refund ? refund.rejectedBy : "approvedBy" in refund ? refund.approvedBy : null;
const gatewayId = (refund: Refund): string | null =>
  "gatewayRefundId" in refund ? refund.gatewayRefundId : null;
const failure = (refund: Refund): string | null => ("failureReason" in refund ? refund.failureReason : null);

export function freshRefunds(sql: Sql, refunds: readonly Refund[]) {
  if (refunds.length === 0) return nothing(sql);
  return sql`
    insert into refund (id, reference, payment_id, application_id, mode, charge_id, origin, origin_ref, status,
      amount_minor, currency, gateway_minor, gateway_currency, reason, created_by, created_at, updated_at, version)
    select n.id, n.reference, p.id, p.application_id, p.mode, n.charge_id, n.origin, n.origin_ref, n.status,
      n.amount_minor, n.currency, n.gateway_minor, n.gateway_currency, n.reason, n.created_by, n.created_at, n.created_at, n.version
    from p cross join unnest(
      ${refunds.map((r) => r.id)}::bigint[], ${refunds.map((r) => r.reference)}::text[],
      ${refunds.map((r) => r.chargeId)}::bigint[], ${refunds.map((r) => r.origin)}::text[],
      ${refunds.map((r) => r.originRef)}::text[],
      ${refunds.map((r) => r.status)}::text[], ${refunds.map((r) => r.amount.amountMinor.toString())}::bigint[],
      ${refunds.map((r) => r.amount.currency)}::text[], ${refunds.map((r) => r.gatewayAmount.amountMinor.toString())}::bigint[],
      ${refunds.map((r) => r.gatewayAmount.currency)}::text[], ${refunds.map((r) => r.reason)}::text[],
      ${refunds.map((r) => r.createdBy)}::text[], ${refunds.map((r) => stamp(r.createdAt))}::timestamptz[],
      ${refunds.map((r) => r.version)}::bigint[])
      as n (id, reference, charge_id, origin, origin_ref, status, amount_minor, currency, gateway_minor, gateway_currency,
            reason, created_by, created_at, version)`;
}

function changedRefunds(sql: Sql, refunds: readonly Refund[]) {
  if (refunds.length === 0) return nothing(sql);
  return sql`
    update refund r set status = n.status, decided_by = n.decided_by, gateway_refund_id = n.gateway_refund_id,
      failure_reason = n.failure_reason, updated_at = n.updated_at, version = n.version
    from p cross join unnest(
      ${refunds.map((r) => r.id)}::bigint[], ${refunds.map((r) => r.status)}::text[], ${refunds.map(decidedBy)}::text[],
      ${refunds.map(gatewayId)}::text[], ${refunds.map(failure)}::text[],
      ${refunds.map((r) => stamp(r.updatedAt))}::timestamptz[], ${refunds.map((r) => r.version)}::bigint[])
      as n (id, status, decided_by, gateway_refund_id, failure_reason, updated_at, version)
    where r.id = n.id and r.payment_id = p.id`;
}

function changedTries(sql: Sql, attempts: readonly AttemptOf[]) {
  const known = attempts.filter(({ id }) => id !== 0);
  if (known.length === 0) return nothing(sql);
  return sql`
    update refund_attempt t set state = n.state, gateway_refund_id = n.gateway_refund_id, reason = n.reason,
      accepted_at = n.accepted_at, next_at = n.next_at, lease_until = null, updated_at = clock_timestamp()
    from p cross join unnest(
      ${known.map((a) => a.id)}::bigint[], ${known.map((a) => a.state)}::text[], ${known.map((a) => a.gatewayRefundId)}::text[],
      ${known.map((a) => a.reason)}::text[], ${known.map((a) => stamp(a.acceptedAt))}::timestamptz[],
      ${known.map((a) => stamp(a.nextAt))}::timestamptz[]) as n (id, state, gateway_refund_id, reason, accepted_at, next_at)
    where t.id = n.id returning t.id`;
}

/** Counts the changed tries first: one that is over has to leave its place before the next one takes it. */
export function freshTries(sql: Sql, attempts: readonly AttemptOf[]) {
  const fresh = attempts.filter(({ id }) => id === 0);
  if (fresh.length === 0) return nothing(sql);
  return sql`
    insert into refund_attempt (refund_id, no, account, merchant_refund_ref, state, next_at, created_at)
    select n.refund_id, n.no, n.account, n.merchant_refund_ref, n.state, n.next_at, n.created_at
    from p cross join unnest(
      ${fresh.map((a) => a.refundId)}::bigint[], ${fresh.map((a) => a.no)}::smallint[], ${fresh.map((a) => a.account)}::text[],
      ${fresh.map((a) => a.merchantRefundRef)}::text[], ${fresh.map((a) => a.state)}::text[],
      ${fresh.map((a) => stamp(a.nextAt))}::timestamptz[], ${fresh.map((a) => stamp(a.createdAt))}::timestamptz[])
      as n (refund_id, no, account, merchant_refund_ref, state, next_at, created_at)
    where (select count(*) from tc) >= 0`;
}

function callRow(sql: Sql, call: RefundCall | null) {
  if (!call) return nothing(sql);
  const { refundId, attemptNo, operation, askedAt, tookMs, outcome } = call;
  const detail = "reason" in outcome ? { reason: outcome.reason } : {};
  return sql`
    insert into refund_call (refund_id, attempt_no, operation, asked_at, took_ms, outcome, cause, detail)
    select ${refundId}, ${attemptNo}, ${operation}, ${new Date(askedAt)}, ${tookMs}, ${outcome.outcome},
      ${"cause" in outcome ? outcome.cause : null}, ${sql.json(detail)} from p`;
}
