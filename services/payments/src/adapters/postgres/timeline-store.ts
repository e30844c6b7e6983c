import type { Database, Sql } from "@oi/platform/postgres/client";
import type { TimelineStore } from "../../application/get-timeline.ts";
import type { TimelineFact, TimelineKind } from "../../domain/timeline.ts";
import { instant } from "./rows.ts";

type Row = {
  readonly id: string;
  readonly at: Date;
  readonly kind: TimelineKind;
  readonly actor: string;
  readonly status: string | null;
  readonly version: string | null;
  readonly refs: Readonly<Record<string, string>>;
  readonly detail: TimelineFact["detail"];
};

const toFact = (row: Row): TimelineFact => ({
  ...row,
  at: instant(row.at),
  version: row.version === null ? null : Number(row.version),
});

/** What happened to a payment, from every table that knows a part of it. Each part is found by an index. */
export function postgresTimelineStore(database: Database): TimelineStore {
  return {
    facts: ({ id, reference }, limit) =>
      database.run(async (sql) => {
        const rows = await sql<Row[]>`
          select * from (
            ${statePart(sql, id)} union all ${sessionParts(sql, id)} union all ${refundParts(sql, id)}
            union all ${eventPart(sql, reference)} union all ${recordParts(sql, id)}) as facts
          order by at, version nulls last, id limit ${limit}`;
        return rows.map(toFact);
      }),
  };
}

function statePart(sql: Sql, id: number) {
  return sql`
    select 'state:' || h.payment_id || ':' || h.version as id, h.at, 'state' as kind,
      case when h.cause = 'api' then 'app:' || p.application_id when h.cause like 'gateway.%' then 'gateway' else 'system' end as actor,
      h.to_status as status, h.version,
      jsonb_build_object('paymentId', h.payment_id::text) as refs,
      jsonb_build_object('from', h.from_status, 'to', h.to_status, 'reason', h.cause, 'version', h.version) as detail
    from payment_history h join payment p on p.id = h.payment_id where h.payment_id = ${id}`;
}

/** Sessions, what the gateway told and what it was asked. Never an address, an agent or a raw answer. */
function sessionParts(sql: Sql, id: number) {
  return sql`
    select 'checkout:' || a.id, a.created_at, 'checkout', 'customer', a.state, null::bigint,
      jsonb_build_object('attemptId', a.id::text, 'merchantRef', a.merchant_ref),
      jsonb_build_object('attempt', a.no, 'account', a.account, 'reason', a.reason)
    from gateway_attempt a where a.payment_id = ${id}
    union all
    select 'gateway_call:' || i.id, i.answered_at, 'gateway_call', 'system', null, null,
      jsonb_build_object('attemptId', i.attempt_id::text),
      jsonb_build_object('operation', i.operation, 'outcome', i.outcome, 'cause', i.cause,
        'ms', round(extract(epoch from i.answered_at - i.asked_at) * 1000), 'answer', i.detail)
    from gateway_inquiry i where i.payment_id = ${id}
    union all
    select 'gateway_callback:' || c.id, c.created_at, 'gateway_callback', 'gateway', c.outcome, null,
      jsonb_build_object('attemptId', coalesce(c.attempt_id::text, '')),
      jsonb_build_object('channel', c.channel, 'signature', c.signature, 'says', c.says, 'outcome', c.outcome, 'note', c.note)
    from gateway_callback c where c.matched_payment_id = ${id}`;
}

function refundParts(sql: Sql, id: number) {
  return sql`
    select 'refund:' || r.id, r.created_at, 'refund', r.created_by, r.status, null::bigint,
      jsonb_build_object('refundId', r.id::text, 'gatewayRefundId', coalesce(r.gateway_refund_id, '')),
      jsonb_build_object('amountMinor', r.amount_minor, 'currency', r.currency, 'state', r.status, 'origin', r.origin,
        'reason', r.reason, 'decidedBy', r.decided_by, 'failureReason', r.failure_reason, 'version', r.version)
    from refund r where r.payment_id = ${id}
    union all
    select 'refund_call:' || l.id, l.answered_at, 'gateway_call', 'system', null, null,
      jsonb_build_object('refundId', l.refund_id::text),
      jsonb_build_object('operation', l.operation, 'outcome', l.outcome, 'cause', l.cause, 'try', l.attempt_no,
        'ms', round(extract(epoch from l.answered_at - l.asked_at) * 1000), 'answer', l.detail)
    from refund_call l where l.refund_id in (select r.id from refund r where r.payment_id = ${id})`;
}

/** Events are kept for as long as the outbox keeps its days. */
function eventPart(sql: Sql, reference: string) {
  return sql`
    select 'event:' || o.id, o.created_at, 'event', 'system', null, o.version,
      jsonb_build_object('eventId', o.id),
      jsonb_build_object('subject', o.subject, 'committedAt', o.created_at, 'publishedAt', o.published_at)
    from outbox o where o.aggregate = ${reference}`;
}

function recordParts(sql: Sql, id: number) {
  return sql`
    select 'receipt:' || r.number, r.issued_at, 'receipt', 'system', null, null::bigint,
      jsonb_build_object('receiptNumber', r.number::text), jsonb_build_object('number', r.number)
    from receipt r where r.payment_id = ${id}
    union all
    select 'review:' || v.id, v.at, 'review', v.actor, case when v.raised then 'RAISED' else 'RESOLVED' end, null,
      '{}'::jsonb, jsonb_build_object('reason', v.reason, 'note', v.note)
    from payment_review v where v.payment_id = ${id}`;
}
