import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Sql } from "@oi/platform/postgres/client";
import type { InquiryRecord, PaymentChange } from "../../application/ports.ts";
import type { AuditEntry } from "../../application/refund-ports.ts";
import type { Attempt } from "../../domain/attempt.ts";
import type { RecordedCharge } from "../../domain/charge.ts";
import { answerRow } from "./idempotency-rows.ts";
import { decidedCallbacks, inquiryRow } from "./inquiry-parts.ts";
import { mismatchRows } from "./mismatch-parts.ts";
import { refundParts } from "./refund-parts.ts";
import { outcomeColumns } from "./rows.ts";
import { date, nothing, stamp } from "./statement.ts";

/**
 * Writes a change of one payment in one statement: every part selects from the payment's conditional update, so a
 * payment that somebody else changed meanwhile writes nothing at all. Returns the ids of new attempts, or null.
 */
export async function commitChange(
  sql: Sql,
  change: PaymentChange,
  events: readonly OutboxEvent[],
): Promise<number[] | null> {
  const { payment, attempts, inquiry } = change;
  const outcome = outcomeColumns(payment);
  const rows = await sql<{ ids: string[] | null }[]>`
    with p as (
      update payment set status = ${payment.status}, gateway_txn_id = ${outcome.gatewayTxnId}, risk_level = ${outcome.riskLevel},
        review_reasons = ${[...payment.reviewReasons]}, review_since = ${reviewSince(sql, payment)}, failure_reason = ${outcome.failureReason},
        paid_minor = ${outcome.paidMinor}::bigint, refunded_minor = ${outcome.refundedMinor}::bigint,
        reserved_minor = reserved_minor - ${change.releasedMinor.toString()}::bigint, paid_at = ${outcome.paidAt},
        updated_at = ${new Date(payment.updatedAt)}, version = ${payment.version}, revision = revision + 1
      where id = ${payment.id} and application_id = ${payment.scope.applicationId} and mode = ${payment.scope.mode}
        and revision = ${change.expectedRevision}
      returning id, application_id, mode),
    h as (${historyRows(sql, change)}),
    changed as (${changedAttempts(sql, attempts, inquiry)}),
    fresh as (${freshAttempts(sql, attempts)}),
    c as (${chargeRows(sql, change.charges)}),
    mm as (${mismatchRows(sql, change.mismatches)}),
    i as (${inquiryRow(sql, inquiry)}),
    cb as (${decidedCallbacks(sql, inquiry)}),
    ${refundParts(sql, change)},
    rv as (${reviewRows(sql, change)}),
    au as (${auditRow(sql, change.audit)}),
    k as (${answerRow(sql, change.answer, payment.scope.mode)}),
    o as (${outboxRows(sql, events)})
    select (select array_agg(id::text order by no) from fresh) as ids from p`;
  const [row] = rows;
  return row ? (row.ids ?? []).map(Number) : null;
}

/** When the first flag of those that are there came, on the database's clock; to the millisecond, for a page's position. */
function reviewSince(sql: Sql, { reviewReasons }: PaymentChange["payment"]) {
  return reviewReasons.length === 0
    ? sql`null`
    : sql`coalesce(review_since, date_trunc('milliseconds', clock_timestamp()))`;
}

function historyRows(sql: Sql, { steps }: PaymentChange) {
  if (steps.length === 0) return nothing(sql);
  return sql`
    insert into payment_history (payment_id, version, from_status, to_status, cause)
    select p.id, s.version, s.from_status, s.to_status, s.cause from p cross join unnest(
      ${steps.map((s) => s.version)}::bigint[], ${steps.map((s) => s.from)}::text[],
      ${steps.map((s) => s.to)}::text[], ${steps.map((s) => s.cause)}::text[]) as s (version, from_status, to_status, cause)`;
}

function changedAttempts(sql: Sql, attempts: readonly Attempt[], inquiry: InquiryRecord | null) {
  const known = attempts.filter((attempt) => attempt.id !== 0);
  if (known.length === 0) return nothing(sql);
  return sql`
    update gateway_attempt a set state = n.state, session_key = n.session_key, redirect_url = n.redirect_url, reason = n.reason,
      hint = n.hint, failed_at = n.failed_at, paid_at = n.paid_at, doubt_ref = n.doubt_ref, doubt_at = n.doubt_at,
      next_inquiry_at = n.next_inquiry_at, updated_at = clock_timestamp(),
      inquiry_lease_until = case when a.id = ${inquiry?.attemptId ?? 0}::bigint then null else a.inquiry_lease_until end
    from p cross join unnest(
      ${known.map((a) => a.id)}::bigint[], ${known.map((a) => a.state)}::text[], ${known.map((a) => a.sessionKey)}::text[],
      ${known.map((a) => a.redirectUrl)}::text[], ${known.map((a) => a.reason)}::text[], ${known.map((a) => a.hint)}::text[],
      ${known.map((a) => stamp(a.failedAt))}::timestamptz[], ${known.map((a) => a.doubt?.gatewayRef ?? null)}::text[],
      ${known.map((a) => stamp(a.doubt?.at ?? null))}::timestamptz[], ${known.map((a) => stamp(a.nextInquiryAt))}::timestamptz[],
      ${known.map((a) => stamp(a.paidAt))}::timestamptz[])
      as n (id, state, session_key, redirect_url, reason, hint, failed_at, doubt_ref, doubt_at, next_inquiry_at, paid_at)
    where a.id = n.id and a.payment_id = p.id returning a.id`;
}

/** Counts the changed attempts first: an abandoned one has to leave its place before the new one takes it. */
function freshAttempts(sql: Sql, attempts: readonly Attempt[]) {
  const [attempt] = attempts.filter(({ id }) => id === 0);
  if (!attempt) return sql`select null::bigint as id, 0 as no where false`;
  return sql`
    insert into gateway_attempt (payment_id, application_id, mode, no, account, merchant_ref, state, next_inquiry_at, created_at)
    select p.id, p.application_id, p.mode, ${attempt.no}, ${attempt.account}, ${attempt.merchantRef}, ${attempt.state},
      ${date(attempt.nextInquiryAt)}, ${new Date(attempt.createdAt)}
    from p where (select count(*) from changed) >= 0 returning id, no`;
}

function chargeRows(sql: Sql, charges: readonly RecordedCharge[]) {
  if (charges.length === 0) return nothing(sql);
  return sql`
    insert into charge (id, payment_id, attempt_id, application_id, mode, kind, account, gateway_ref, gateway_txn_id,
      amount_minor, currency, gross_minor, settled_minor, settled_currency, method, validated, recorded_at)
    select c.id, p.id, c.attempt_id, p.application_id, p.mode, c.kind, c.account, c.gateway_ref, c.gateway_txn_id,
      c.amount_minor, c.currency, c.gross_minor, c.settled_minor, c.settled_currency, c.method::jsonb, c.validated::boolean, c.recorded_at
    from p cross join unnest(
      ${charges.map((c) => c.id)}::bigint[], ${charges.map((c) => c.attemptId)}::bigint[], ${charges.map((c) => c.kind)}::text[], ${charges.map((c) => c.account)}::text[],
      ${charges.map((c) => c.gatewayRef)}::text[], ${charges.map((c) => c.gatewayTxnId)}::text[],
      ${charges.map((c) => c.charged.amountMinor.toString())}::bigint[], ${charges.map((c) => c.charged.currency)}::text[],
      ${charges.map((c) => c.gross.amountMinor.toString())}::bigint[], ${charges.map((c) => c.settled?.amountMinor.toString() ?? null)}::bigint[],
      ${charges.map((c) => c.gross.currency)}::text[], ${charges.map((c) => JSON.stringify(c.method))}::text[],
      ${charges.map((c) => String(c.validated))}::text[], ${charges.map((c) => stamp(c.recordedAt))}::timestamptz[])
      as c (id, attempt_id, kind, account, gateway_ref, gateway_txn_id, amount_minor, currency, gross_minor, settled_minor, settled_currency,
            method, validated, recorded_at)`;
}

export function outboxRows(sql: Sql, events: readonly OutboxEvent[]) {
  if (events.length === 0) return nothing(sql);
  return sql`
    insert into outbox (id, subject, aggregate, version, headers, payload)
    select e.id, e.subject, e.aggregate, e.version, e.headers::jsonb, e.payload from p cross join unnest(
      ${events.map((e) => e.id)}::text[], ${events.map((e) => e.subject)}::text[], ${events.map((e) => e.aggregate)}::text[],
      ${events.map((e) => e.version)}::bigint[], ${events.map((e) => JSON.stringify(e.headers))}::text[],
      ${events.map((e) => e.payload)}::text[]) with ordinality as e (id, subject, aggregate, version, headers, payload, n)
    order by e.n`;
}

/** What the flags were before is what the statement's own snapshot still shows. */
function reviewRows(sql: Sql, { payment, audit }: PaymentChange) {
  const flags = [...payment.reviewReasons];
  return sql`
    insert into payment_review (payment_id, reason, raised, actor, note)
    select p.id, f.reason, f.raised, ${audit?.actor ?? "system"}, ${textOf(audit?.detail.note)} from p cross join (
      select reason, true as raised from unnest(${flags}::text[]) reason
        where reason <> all (select unnest(review_reasons) from payment where id = ${payment.id})
      union all
      select reason, false from (select unnest(review_reasons) as reason from payment where id = ${payment.id}) old
        where reason <> all (${flags}::text[])) as f`;
}

const textOf = (value: string | number | null | undefined): string | null => value?.toString() ?? null;

export function auditRow(sql: Sql, audit: AuditEntry | null) {
  if (!audit) return nothing(sql);
  return sql`
    insert into audit_log (actor, action, application_id, detail)
    select ${audit.actor}, ${audit.action}, p.application_id, ${sql.json(audit.detail)} from p`;
}
