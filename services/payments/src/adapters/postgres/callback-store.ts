import type { Database, Sql } from "@oi/platform/postgres/client";
import type { CallbackEvidence, CallbackStore, CallbackTarget } from "../../application/ports.ts";
import type { CallbackRuling } from "../../domain/callback.ts";
import { type AttemptRow, type PaymentRow, toAttempt, toPayment } from "./rows.ts";

type TargetRow = { payment: PaymentRow; attempt: AttemptRow };

/** Callbacks as evidence in PostgreSQL. */
export function postgresCallbackStore(database: Database): CallbackStore {
  return {
    targetByMerchantRef: (merchantRef) =>
      database.run((sql) => findTarget(sql, sql`a.merchant_ref = ${merchantRef}`)),
    targetByReference: (reference) => database.run((sql) => findTarget(sql, sql`p.reference = ${reference}`)),
    record: (evidence, ruling, target) => database.run((sql) => record(sql, evidence, ruling, target)),
  };
}

async function findTarget(sql: Sql, condition: ReturnType<Sql>): Promise<CallbackTarget | null> {
  const [row] = await sql<(PaymentRow & Record<`a_${keyof AttemptRow}`, never>)[]>`
    select p.*, a.id as a_id, a.no as a_no, a.account as a_account, a.merchant_ref as a_merchant_ref, a.state as a_state,
      a.session_key as a_session_key, a.redirect_url as a_redirect_url, a.reason as a_reason, a.hint as a_hint,
      a.failed_at as a_failed_at, a.doubt_ref as a_doubt_ref, a.doubt_at as a_doubt_at,
      a.next_inquiry_at as a_next_inquiry_at, a.created_at as a_created_at
    from gateway_attempt a join payment p on p.id = a.payment_id where ${condition} order by a.no desc limit 1`;
  if (!row) return null;
  const attempt = Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) => (name.startsWith("a_") ? [[name.slice(2), value]] : [])),
  ) as TargetRow["attempt"];
  return { payment: toPayment(row), attempt: toAttempt(attempt) };
}

/** Evidence, and the inquiry it makes due, in one statement. A copy is counted without its payload. */
async function record(
  sql: Sql,
  evidence: CallbackEvidence,
  ruling: CallbackRuling,
  target: CallbackTarget | null,
): Promise<boolean> {
  const { claim } = evidence;
  const gatewayRef = claim.gatewayRef?.replaceAll("\0", "\uFFFD") ?? null;
  const decided = ruling.outcome === "PENDING_VERIFICATION" ? sql`null` : sql`clock_timestamp()`;
  const [row] = await sql<{ fresh: boolean }[]>`
    with stored as (
      insert into gateway_callback (gateway, channel, reference, attempt_id, matched_payment_id, digest, says, gateway_ref,
        signature, signature_valid, claim_differs, outcome, note, raw_payload, remote_address, decided_at)
      values (${evidence.gateway}, ${evidence.channel}, ${evidence.reference}, ${target?.attempt.id ?? null},
        ${target?.payment.id ?? null}, ${evidence.digest}, ${claim.says}, ${gatewayRef}, ${claim.signature},
        ${claim.signature === "valid" || claim.signature === "weak"}, ${ruling.claimDiffers}, ${ruling.outcome}, ${ruling.note},
        ${evidence.rawPayload}, ${evidence.remoteAddress}, ${decided})
      on conflict (gateway, channel, digest) where duplicate_of is null do nothing
      returning id),
    copy as (
      insert into gateway_callback (gateway, channel, reference, attempt_id, matched_payment_id, digest, says, gateway_ref,
        signature, signature_valid, outcome, duplicate_of, remote_address, decided_at)
      select c.gateway, c.channel, c.reference, c.attempt_id, c.matched_payment_id, c.digest, c.says, c.gateway_ref,
        c.signature, c.signature_valid, 'DUPLICATE', c.id, ${evidence.remoteAddress}, clock_timestamp()
      from gateway_callback c
      where c.gateway = ${evidence.gateway} and c.channel = ${evidence.channel} and c.digest = ${evidence.digest}
        and c.duplicate_of is null and not exists (select from stored)),
    woken as (
      update gateway_attempt a set next_inquiry_at = least(a.next_inquiry_at, clock_timestamp()),
        hint = coalesce(${gatewayRef}, a.hint)
      from stored where ${ruling.ask} and a.id = ${target?.attempt.id ?? 0})
    select exists (select from stored) as fresh`;
  return row?.fresh ?? false;
}
