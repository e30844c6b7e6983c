import { VersionConflict } from "@oi/kernel/errors";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { violates } from "@oi/platform/postgres/errors";
import type { RefundCreation, RefundFile, RefundStore } from "../../application/refund-ports.ts";
import type { Refund } from "../../domain/refund.ts";
import type { RefundBasis } from "../../domain/refundable.ts";
import { encodeAnswer, RENDER_VERSION } from "./answer-codec.ts";
import { auditRow, outboxRows } from "./commit-statement.ts";
import { idBlocks } from "./id-blocks.ts";
import { keyInProgress, storedAnswer } from "./idempotency-rows.ts";
import type { EventEncoder } from "./payment-store.ts";
import { freshRefunds, freshTries } from "./refund-parts.ts";
import { listRefunds } from "./refund-queries.ts";
import {
  type ChargeRow,
  type RefundAttemptRow,
  type RefundRow,
  toCharge,
  toRefund,
  toRefundAttempt,
} from "./refund-rows.ts";
import { type PaymentRow, toPayment } from "./rows.ts";

type Ports = {
  readonly database: Database;
  readonly encodeEvent: EventEncoder;
  readonly onEvents: () => void;
};

/** Refunds in PostgreSQL. */
export function postgresRefundStore({ database, encodeEvent, onEvents }: Ports): RefundStore {
  const answered: RefundStore["answered"] = async (scope, key) => {
    const stored = await storedAnswer<Refund>(database, scope, key);
    if (!stored) return null;
    const { resource: refund, ...answer } = stored;
    return { refund, replayed: true, ...answer };
  };
  return {
    answered,
    nextId: idBlocks(database, "refund_id"),
    basis: (paymentId, scope) => database.run((sql) => readBasis(sql, paymentId, scope)),
    create: async (created, audit, request) => {
      const { refund } = created.write;
      const { idempotency, requestId: firstRequestId } = request;
      const event = encodeEvent(created.event);
      const answeredAt = await database
        .run((sql) => insertRefund(sql, created, event, audit, request))
        .catch((error) => Promise.reject(keyInProgress(raceLost(error), idempotency)));
      if (answeredAt) {
        onEvents();
        const given = { answeredAt: answeredAt.getTime(), firstRequestId, renderVersion: RENDER_VERSION };
        return { refund, replayed: false, ...given } satisfies RefundCreation;
      }
      const earlier = idempotency && (await answered(refund.scope, idempotency));
      if (earlier) return earlier;
      throw new VersionConflict("the payment changed meanwhile, or less of it can be refunded");
    },
    byId: (id, { applicationId, mode }) =>
      database.run(async (sql) => {
        const [row] = await sql<RefundRow[]>`
          select * from refund where id = ${id} and application_id = ${applicationId} and mode = ${mode}`;
        return row ? toRefund(row) : null;
      }),
    list: (paymentId, scope, page) => database.run((sql) => listRefunds(sql, paymentId, scope, page)),
    file: (id) => database.run((sql) => readFile(sql, id)),
    inDoubt: (paymentId) => database.run((sql) => inDoubt(sql, paymentId, 0)),
  };
}

function raceLost(error: unknown): unknown {
  return violates(error, "refund_receipt_once")
    ? new VersionConflict("another refund of this receipt came first", { cause: error })
    : error;
}

/**
 * The payment's row is locked on the condition that so much can still be refunded; key, sum, refund and all the rest
 * select from it. The CHECK on the sum is the second lock.
 */
async function insertRefund(
  sql: Sql,
  { basis, write }: Parameters<RefundStore["create"]>[0],
  event: OutboxEvent,
  audit: Parameters<RefundStore["create"]>[1],
  { idempotency, requestId }: Parameters<RefundStore["create"]>[2],
): Promise<Date | null> {
  const { refund, attempts } = write;
  const { payment } = basis;
  const { applicationId, mode } = payment.scope;
  const held = refund.origin === "MERCHANT" ? refund.amount.amountMinor.toString() : "0";
  const converted = refund.gatewayAmount.currency !== refund.amount.currency;
  // A converted part was computed from what was reserved; in the payment's own currency it depends on nothing.
  const same = converted ? sql`and reserved_minor = ${basis.reservedMinor.toString()}::bigint` : sql``;
  const key = idempotency
    ? sql`insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
          select ${applicationId}, ${mode}, ${idempotency.route}, ${idempotency.key}, ${idempotency.fingerprint},
                 ${refund.id}, 201, ${encodeAnswer(refund)}, ${requestId}, ${RENDER_VERSION} from b
          on conflict do nothing returning answered_at`
    : sql`select clock_timestamp() as answered_at from b`;
  const rows = await sql<{ answered_at: Date }[]>`
    with b as (
      select id, application_id, mode from payment
      where id = ${payment.id} and application_id = ${applicationId} and mode = ${mode} and version = ${payment.version}
        and (${held}::bigint = 0 or reserved_minor + ${held}::bigint <= paid_minor) ${same}
      for no key update),
    k as (${key}),
    p as (
      update payment set reserved_minor = reserved_minor + ${held}::bigint from b cross join k
      where payment.id = b.id returning payment.id, payment.application_id, payment.mode),
    tc as (select 1 where false),
    rf as (${freshRefunds(sql, [refund])}),
    tf as (${freshTries(
      sql,
      attempts.map((attempt) => ({ ...attempt, refundId: refund.id })),
    )}),
    au as (${auditRow(sql, audit)}),
    o as (${outboxRows(sql, [event])})
    select k.answered_at from k cross join p`;
  return rows[0]?.answered_at ?? null;
}

type BasisRow = PaymentRow & {
  readonly reserved_minor: string;
  readonly reserved_gross: string;
  readonly returned: string[];
  readonly threshold: string | null;
};

async function readBasis(
  sql: Sql,
  paymentId: number,
  { applicationId, mode }: Refund["scope"],
): Promise<RefundBasis | null> {
  const [row] = await sql<BasisRow[]>`
    select p.*, a.refund_approval_threshold_minor as threshold,
      coalesce((select sum(r.gateway_minor) from refund r where r.payment_id = p.id and r.origin = 'MERCHANT'
        and r.status not in ('FAILED', 'REJECTED')), 0)::text as reserved_gross,
      coalesce((select array_agg(r.charge_id::text) from refund r where r.payment_id = p.id and r.origin <> 'MERCHANT'
        and r.status not in ('FAILED', 'REJECTED')), '{}') as returned
    from payment p join application a on a.id = p.application_id
    where p.id = ${paymentId} and p.application_id = ${applicationId} and p.mode = ${mode}`;
  if (!row) return null;
  const charges = await sql<
    ChargeRow[]
  >`select * from charge where payment_id = ${paymentId} order by id limit 100`;
  return {
    payment: toPayment(row),
    charges: charges.map(toCharge),
    reservedMinor: BigInt(row.reserved_minor),
    reservedGrossMinor: BigInt(row.reserved_gross),
    returnedCharges: row.returned.map(Number),
    approvalThresholdMinor: row.threshold === null ? null : BigInt(row.threshold),
  };
}

/** The payment is read before its refund: when the refund moved in between, a commit of the old revision fails. */
async function readFile(sql: Sql, id: number): Promise<RefundFile | null> {
  const [known] = await sql<{ payment_id: string }[]>`select payment_id from refund where id = ${id}`;
  if (!known) return null;
  const paymentId = Number(known.payment_id);
  const [payment] = await sql<PaymentRow[]>`select * from payment where id = ${paymentId}`;
  const [refund] = await sql<RefundRow[]>`select * from refund where id = ${id}`;
  const attempts = await sql<
    RefundAttemptRow[]
  >`select * from refund_attempt where refund_id = ${id} order by no`;
  const [charge] = await sql<ChargeRow[]>`select * from charge where id = ${refund?.charge_id ?? 0}`;
  if (!payment || !refund || !charge) throw new Error(`refund ${id} has lost what it refers to`);
  return {
    payment: toPayment(payment),
    refund: toRefund(refund),
    attempts: attempts.map(toRefundAttempt),
    charge: toCharge(charge),
    otherInDoubt: await inDoubt(sql, paymentId, id),
  };
}

async function inDoubt(sql: Sql, paymentId: number, except: number): Promise<boolean> {
  const [row] = await sql<{ doubt: boolean }[]>`
    select exists (select from refund r join refund_attempt t on t.refund_id = r.id
      where r.payment_id = ${paymentId} and r.id <> ${except} and r.status = 'PENDING'
        and (t.state = 'UNKNOWN' or (t.state = 'ACCEPTED' and t.next_at is null))) as doubt`;
  return row?.doubt ?? false;
}
