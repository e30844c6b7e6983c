import type { Database, Sql } from "@oi/platform/postgres/client";
import {
  EVIDENCE_LIMIT,
  type Review,
  type ReviewFilter,
  type ReviewStore,
} from "../../application/list-reviews.ts";
import type { ReviewReason } from "../../domain/payment.ts";
import { type MismatchJson, toMismatch } from "./mismatch-parts.ts";
import { type ChargeRow, toCharge } from "./refund-rows.ts";
import { instant, type PaymentRow, toPayment } from "./rows.ts";

type Row = PaymentRow & {
  readonly review_since: Date;
  readonly flags: readonly { readonly reason: ReviewReason; readonly at: string }[];
  readonly mismatches: readonly (MismatchJson & { readonly asked_reference: string })[];
  readonly held: readonly (Omit<ChargeRow, "recorded_at"> & { readonly recorded_at: string })[];
  readonly doubtful: string[];
};

/** What people have to look at, in PostgreSQL: found by an index that holds nothing else. */
export function postgresReviewStore(database: Database): ReviewStore {
  return {
    list: (filter) =>
      database.run(async (sql) => {
        const rows = await sql<Row[]>`
          select p.*, (${flags(sql)}) as flags, (${mismatches(sql)}) as mismatches, (${held(sql)}) as held,
            (${doubtful(sql)}) as doubtful
          from (${page(sql, filter)}) as p order by p.review_since, p.id`;
        return rows.map(toReview);
      }),
  };
}

function toReview(row: Row): Review {
  return {
    payment: toPayment(row),
    since: instant(row.review_since),
    flags: row.flags.map(({ reason, at }) => ({ reason, raisedAt: Date.parse(at) })),
    mismatches: row.mismatches.map((json) => ({ ...toMismatch(json), askedReference: json.asked_reference })),
    held: row.held.map((json) => toCharge({ ...json, recorded_at: new Date(json.recorded_at) })),
    refundsInDoubt: row.doubtful.map(Number),
  };
}

function page(sql: Sql, { applicationId, mode, reason, after, limit }: ReviewFilter) {
  return sql`
    select * from payment where mode = ${mode} and review_since is not null
      ${applicationId === null ? sql`` : sql`and application_id = ${applicationId}`}
      ${reason === null ? sql`` : sql`and ${reason} = any(review_reasons)`}
      ${after === null ? sql`` : sql`and (review_since, id) > (${new Date(after.since)}, ${after.id})`}
    order by review_since, id limit ${limit}`;
}

function flags(sql: Sql) {
  return sql`
    select coalesce(jsonb_agg(jsonb_build_object('reason', f.reason, 'at', f.at) order by f.at, f.id), '[]') from (
      select reason, max(at) as at, max(id) as id from payment_review
      where payment_id = p.id and raised and reason = any(p.review_reasons) group by reason) as f`;
}

function mismatches(sql: Sql) {
  return sql`
    select coalesce(jsonb_agg(to_jsonb(m) order by m.id desc), '[]') from (
      select m.*, a.merchant_ref as asked_reference from gateway_mismatch m
      join gateway_attempt a on a.id = m.attempt_id
      where m.payment_id = p.id order by m.id desc limit ${EVIDENCE_LIMIT}) as m`;
}

function held(sql: Sql) {
  return sql`
    select coalesce(jsonb_agg(to_jsonb(c) order by c.id), '[]') from (
      select * from charge c where c.payment_id = p.id and c.kind <> 'SETTLEMENT' and not exists (
        select from refund r where r.payment_id = p.id and r.charge_id = c.id and r.status not in ('FAILED', 'REJECTED'))
      order by c.id limit ${EVIDENCE_LIMIT}) as c`;
}

function doubtful(sql: Sql) {
  return sql`
    select coalesce(array_agg(d.id::text order by d.id), '{}') from (
      select r.id from refund r where r.payment_id = p.id and r.status = 'PENDING' and exists (
        select from refund_attempt t where t.refund_id = r.id
          and (t.state = 'UNKNOWN' or (t.state = 'ACCEPTED' and t.next_at is null)))
      order by r.id limit ${EVIDENCE_LIMIT}) as d`;
}
