import type { Database, Sql } from "@oi/platform/postgres/client";
import type { CallbackEvidence, CallbackStore, CallbackTarget } from "../../application/ports.ts";
import { type CallbackRuling, UNSIGNED_PACE_MS } from "../../domain/callback.ts";
import { type AttemptJson, type PaymentRow, rowFromJson, toAttempt, toPayment } from "./rows.ts";

type TargetRow = PaymentRow & { attempt: AttemptJson; known_charges: string[] };

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
  const [row] = await sql<TargetRow[]>`
    select p.*, to_jsonb(a) as attempt,
      coalesce((select array_agg(c.gateway_ref) from charge c where c.payment_id = p.id), '{}') as known_charges
    from gateway_attempt a join payment p on p.id = a.payment_id where ${condition} order by a.no desc limit 1`;
  if (!row) return null;
  return {
    payment: toPayment(row),
    attempt: toAttempt(rowFromJson(row.attempt)),
    knownCharges: row.known_charges,
  };
}

/**
 * Evidence, and the inquiry it makes due, in one statement. A copy is counted without its payload. The payment's row
 * is taken before the attempt's, as every commit does, so that the two never wait for each other.
 */
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
    seen as (
      update payment p set revision = p.revision + 1 from stored
      where ${ruling.ask} and p.id = ${target?.payment.id ?? 0} returning p.id),
    woken as (
      update gateway_attempt a set next_inquiry_at = least(a.next_inquiry_at, ${soonest(sql, evidence)}),
        hint = coalesce(${gatewayRef}, a.hint)
      from seen where a.id = ${target?.attempt.id ?? 0} and a.payment_id = seen.id)
    select exists (select from stored) as fresh`;
  return row?.fresh ?? false;
}

/** When an inquiry because of this callback may be due. */
function soonest(sql: Sql, { claim }: CallbackEvidence) {
  if (claim.signature !== "absent") return sql`clock_timestamp()`;
  return sql`greatest(clock_timestamp(), (select max(i.asked_at) from gateway_inquiry i where i.payment_id = seen.id)
    + ${`${UNSIGNED_PACE_MS} milliseconds`}::interval)`;
}
