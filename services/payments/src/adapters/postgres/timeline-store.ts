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
            ${requestPart(sql, id)} union all ${statePart(sql, id)} union all ${sessionParts(sql, id)} union all ${refundParts(sql, id)}
            union all ${eventPart(sql, reference)} union all ${recordParts(sql, id)}) as facts
          order by at, version nulls last, id limit ${limit}`;
        return rows.map(toFact);
      }),
  };
}

/**
 * The requests that made the payment and its refunds, as far as they carried a key and for as long as keys are kept. A
 * key is stored in the statement that makes its resource, so a few seconds of the index by time hold it.
 */
function requestPart(sql: Sql, id: number) {
  return sql`
    select 'request:' || m.what || ':' || m.id as id, k.answered_at as at, 'request' as kind,
      'app:' || k.application_id as actor, k.status::text as status, null::bigint as version,
      jsonb_build_object('requestId', k.request_id) as refs,
      jsonb_build_object('method', split_part(k.route, ' ', 1), 'path', split_part(k.route, ' ', 2), 'status', k.status,
        'requestId', k.request_id, 'keyLast4', right(k.key, 4), 'replayed', false) as detail
    from (
      select 'payment' as what, p.id, p.application_id, p.mode, p.created_at from payment p where p.id = ${id}
      union all
      select 'refund', r.id, r.application_id, r.mode, r.created_at from refund r where r.payment_id = ${id}) as m
    join idempotency k on k.resource_id = m.id and k.application_id = m.application_id and k.mode = m.mode
      and k.answered_at between m.created_at - interval '1 second' and m.created_at + interval '5 seconds'
      and k.route = case m.what when 'payment' then 'POST /payments' else 'POST /payments/{id}/refunds' end`;
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
        'ms', i.took_ms, 'answer', i.detail)
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
        'ms', l.took_ms, 'answer', l.detail)
    from refund_call l where l.refund_id in (select r.id from refund r where r.payment_id = ${id})`;
}

/** An instant inside of JSON as the public writes it. */
function utc(sql: Sql, column: "created_at" | "published_at") {
  return sql`to_char(o.${sql(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Events are kept for as long as the outbox keeps its days. */
function eventPart(sql: Sql, reference: string) {
  return sql`
    select 'event:' || o.id, o.created_at, 'event', 'system', null, o.version,
      jsonb_build_object('eventId', o.id),
      jsonb_build_object('subject', o.subject, 'committedAt', ${utc(sql, "created_at")}, 'publishedAt', ${utc(sql, "published_at")})
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
