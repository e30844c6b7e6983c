import type { Database } from "@oi/platform/postgres/client";
import type { Inquiry, InquiryQueue } from "../../application/ports.ts";

type Row = { reference: string; no: number; hint: string | null };

const toInquiry = (row: Row): Inquiry => ({
  paymentReference: row.reference,
  attemptNo: row.no,
  hint: row.hint,
});

/** The inquiry list in PostgreSQL; leases are on its clock, so a process that dies loses only the lease. */
export function postgresInquiryQueue(database: Database, leaseMs: number): InquiryQueue {
  const lease = `${leaseMs} milliseconds`;
  return {
    claimDue: (limit) =>
      database.run(async (sql) => {
        const rows = await sql<Row[]>`
          with leased as (
            update gateway_attempt a set inquiry_lease_until = clock_timestamp() + ${lease}::interval
            from payment p
            where p.id = a.payment_id and a.id = any(array(
              select d.id from gateway_attempt d
              where d.next_inquiry_at <= clock_timestamp()
                and (d.inquiry_lease_until is null or d.inquiry_lease_until < clock_timestamp())
              order by d.next_inquiry_at limit ${limit} for update skip locked))
            returning p.reference, a.no, a.hint, a.next_inquiry_at)
          select reference, no, hint from leased order by next_inquiry_at`;
        return rows.map(toInquiry);
      }),
    claimOne: (attemptId) =>
      database.run(async (sql) => {
        const [row] = await sql<Row[]>`
          update gateway_attempt a set inquiry_lease_until = clock_timestamp() + ${lease}::interval
          from payment p
          where a.id = ${attemptId} and p.id = a.payment_id and a.next_inquiry_at <= clock_timestamp()
            and (a.inquiry_lease_until is null or a.inquiry_lease_until < clock_timestamp())
          returning p.reference, a.no, a.hint`;
        return row ? toInquiry(row) : null;
      }),
    isLeased: (attemptId) =>
      database.run(async (sql) => {
        const [row] = await sql<{ leased: boolean }[]>`
          select coalesce(inquiry_lease_until >= clock_timestamp(), false) as leased from gateway_attempt where id = ${attemptId}`;
        return row?.leased ?? false;
      }),
    overdue: (limit) =>
      database.run(async (sql) => {
        const rows = await sql<{ reference: string }[]>`
          select p.reference from payment p
          where p.status in ('CREATED', 'PENDING') and p.expires_at <= clock_timestamp()
            and not exists (select from gateway_attempt a where a.payment_id = p.id
              and a.state <> 'REJECTED')
            and not exists (select from unnest(p.review_reasons) reason where reason like '%\_MISMATCH')
          order by p.expires_at limit ${limit}`;
        return rows.map((row) => row.reference);
      }),
  };
}
