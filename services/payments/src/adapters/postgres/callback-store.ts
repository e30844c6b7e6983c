import type { Database, Sql } from "@oi/platform/postgres/client";
import {
  type CallbackEvidence,
  type CallbackStore,
  type CallbackTarget,
  UNMATCHED_LIMIT_MS,
  type UnmatchedCallback,
} from "../../application/ports.ts";
import {
  type CallbackRuling,
  chargeToAskAbout,
  isToBeWeighed,
  UNSIGNED_PACE_MS,
} from "../../domain/callback.ts";
import type { Claim } from "../../domain/gateway.ts";
import { decodeAnswer, encodeAnswer } from "./answer-codec.ts";
import { type AttemptJson, type PaymentRow, rowFromJson, toAttempt, toPayment } from "./rows.ts";

type TargetRow = PaymentRow & { attempt: AttemptJson; known_charges: string[] };

/**
 * The gateway sends a notification once, and nobody knows that it would again; the edge waits six seconds for both of
 * the steps that keep it.
 */
const PATIENCE_MS = 2_500;

/** Callbacks as evidence in PostgreSQL. */
export function postgresCallbackStore(database: Database): CallbackStore {
  return {
    targetByMerchantRef: (merchantRef) =>
      database.run((sql) => findTarget(sql, sql`a.merchant_ref = ${merchantRef}`), PATIENCE_MS),
    targetByReference: (reference) =>
      database.run((sql) => findTarget(sql, sql`p.reference = ${reference}`), PATIENCE_MS),
    unmatched: (limit) => database.run((sql) => findUnmatched(sql, limit)),
    rematch: (callback, ruling, target) => database.run((sql) => rematch(sql, callback, ruling, target)),
    record: (evidence, ruling, target) =>
      database.run(async (sql) => {
        for (;;) {
          const fresh = await record(sql, evidence, ruling, target);
          // The first copy was committed after this statement began; the next one sees it and counts this one.
          if (fresh !== null) return fresh;
        }
      }, PATIENCE_MS),
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
 * Evidence, and the inquiry it makes due, in one statement. A copy is counted without its payload. Null when it is a
 * copy of a callback that the statement could not see yet: then nothing was written. The payment's row is taken before
 * the attempt's, as every commit does, so that the two never wait for each other.
 */
async function record(
  sql: Sql,
  evidence: CallbackEvidence,
  ruling: CallbackRuling,
  target: CallbackTarget | null,
): Promise<boolean | null> {
  const { claim } = evidence;
  const gatewayRef = clean(claim.gatewayRef);
  const decided = ruling.outcome === "PENDING_VERIFICATION" ? sql`null` : sql`clock_timestamp()`;
  const [row] = await sql<{ fresh: boolean | null }[]>`
    with stored as (
      insert into gateway_callback (gateway, channel, reference, attempt_id, matched_payment_id, digest, says, gateway_ref,
        signature, signature_valid, claim_differs, outcome, note, raw_payload, remote_address, decided_at, merchant_ref, claim)
      values (${evidence.gateway}, ${evidence.channel}, ${evidence.reference}, ${target?.attempt.id ?? null},
        ${target?.payment.id ?? null}, ${evidence.digest}, ${claim.says}, ${gatewayRef}, ${claim.signature},
        ${claim.signature === "valid" || claim.signature === "weak"}, ${ruling.claimDiffers}, ${ruling.outcome}, ${ruling.note},
        ${evidence.rawPayload}, ${evidence.remoteAddress}, ${decided},
        ${target ? null : clean(claim.merchantRef)}, ${target ? null : encodeAnswer(claim)})
      on conflict (gateway, channel, digest) where duplicate_of is null do nothing
      returning id),
    copy as (
      insert into gateway_callback (gateway, channel, reference, attempt_id, matched_payment_id, digest, says, gateway_ref,
        signature, signature_valid, outcome, duplicate_of, remote_address, decided_at)
      select c.gateway, c.channel, c.reference, c.attempt_id, c.matched_payment_id, c.digest, c.says, c.gateway_ref,
        c.signature, c.signature_valid, 'DUPLICATE', c.id, ${evidence.remoteAddress}, clock_timestamp()
      from gateway_callback c
      where c.gateway = ${evidence.gateway} and c.channel = ${evidence.channel} and c.digest = ${evidence.digest}
        and c.duplicate_of is null and not exists (select from stored)
      returning id),
    ${wakingParts(sql, claim, ruling, target)}
    select case when exists (select from stored) then true when exists (select from copy) then false end as fresh`;
  return row?.fresh ?? null;
}

/** Text of theirs that PostgreSQL can hold. */
const clean = (text: string | null): string | null => text?.replaceAll("\0", "\uFFFD") ?? null;

/** Makes the inquiry due once the callback is `stored`. */
function wakingParts(sql: Sql, claim: Claim, ruling: CallbackRuling, target: CallbackTarget | null) {
  const paymentId = target?.payment.id ?? 0;
  const seen = isToBeWeighed(claim)
    ? sql`update payment p set revision = p.revision + 1 from stored where ${ruling.ask} and p.id = ${paymentId} returning p.id`
    : sql`select ${paymentId}::bigint as id from stored where ${ruling.ask}`;
  return sql`
    seen as (${seen}),
    woken as (
      update gateway_attempt a set next_inquiry_at = least(a.next_inquiry_at, ${soonest(sql, claim)}),
        hint = coalesce(${clean(chargeToAskAbout(claim))}, a.hint)
      from seen where a.id = ${target?.attempt.id ?? 0} and a.payment_id = seen.id)`;
}

/** When an inquiry because of this callback may be due. */
function soonest(sql: Sql, claim: Claim) {
  if (claim.signature !== "absent") return sql`clock_timestamp()`;
  return sql`greatest(clock_timestamp(), (select max(i.asked_at) from gateway_inquiry i where i.payment_id = seen.id)
    + ${`${UNSIGNED_PACE_MS} milliseconds`}::interval)`;
}

type UnmatchedRow = {
  readonly id: string;
  readonly channel: UnmatchedCallback["channel"];
  readonly reference: string | null;
  readonly claim: Buffer;
};

async function findUnmatched(sql: Sql, limit: number): Promise<UnmatchedCallback[]> {
  const rows = await sql<UnmatchedRow[]>`
    select c.id, c.channel, c.reference, c.claim from gateway_callback c
    where c.outcome = 'UNMATCHED' and c.claim is not null
      and c.created_at > clock_timestamp() - ${`${UNMATCHED_LIMIT_MS} milliseconds`}::interval
      and exists (select from gateway_attempt a where a.merchant_ref = c.merchant_ref)
    order by c.created_at limit ${limit}`;
  return rows.map(({ id, claim, ...row }) => ({ ...row, id: Number(id), claim: decodeAnswer<Claim>(claim) }));
}

async function rematch(
  sql: Sql,
  { id, claim }: UnmatchedCallback,
  ruling: CallbackRuling,
  target: CallbackTarget,
): Promise<void> {
  const decided = ruling.outcome === "PENDING_VERIFICATION" ? sql`null` : sql`clock_timestamp()`;
  await sql`
    with stored as (
      update gateway_callback set attempt_id = ${target.attempt.id}, matched_payment_id = ${target.payment.id},
        outcome = ${ruling.outcome}, note = ${ruling.note}, claim_differs = ${ruling.claimDiffers}, decided_at = ${decided},
        claim = null
      where id = ${id} and outcome = 'UNMATCHED' returning id),
    ${wakingParts(sql, claim, ruling, target)}
    select 1 from stored`;
}
