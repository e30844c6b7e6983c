import type { Sql } from "@oi/platform/postgres/client";
import { LIST_REACH } from "../../application/list-payments.ts";
import type { RefundPage, RefundsListed } from "../../application/refund-ports.ts";
import type { Refund } from "../../domain/refund.ts";
import { type RefundRow, toRefund } from "./refund-rows.ts";

type Listed = { readonly total: number } & (RefundRow | { readonly id: null });

/** A page of a payment's refunds with their number in one round trip; no row at all means no such payment. */
export async function listRefunds(
  sql: Sql,
  paymentId: number,
  { applicationId, mode }: Refund["scope"],
  { ascending, skip, limit }: RefundPage,
): Promise<RefundsListed | null> {
  const direction = ascending ? sql`asc` : sql`desc`;
  const rows = await sql<Listed[]>`
    select c.total, r.* from payment p
    cross join lateral (
      select count(*)::int as total
      from (select from refund where payment_id = p.id limit ${LIST_REACH}) as counted) as c
    left join lateral (
      select * from refund where payment_id = p.id
      order by created_at ${direction}, id ${direction} limit ${limit} offset ${skip}) as r on true
    where p.id = ${paymentId} and p.application_id = ${applicationId} and p.mode = ${mode}
    order by r.created_at ${direction}, r.id ${direction}`;
  const [first] = rows;
  if (!first) return null;
  return { refunds: rows.flatMap((row) => (row.id === null ? [] : [toRefund(row)])), total: first.total };
}
