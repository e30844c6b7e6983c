import type { Database } from "@oi/platform/postgres/client";
import type { RefundQueue, RefundTask } from "../../application/refund-ports.ts";

const KIND: Readonly<Record<string, RefundTask["kind"]>> = {
  READY: "send",
  SENDING: "lost",
  ACCEPTED: "poll",
};

/**
 * The list of refunds in PostgreSQL. What is claimed to be sent is SENDING from the same statement on, so that a process
 * that dies leaves behind what it might have sent, and nobody sends it again.
 */
export function postgresRefundQueue(database: Database, leaseMs: number): RefundQueue {
  const lease = `${leaseMs} milliseconds`;
  return {
    claimDue: (limit) =>
      database.run(async (sql) => {
        const rows = await sql<{ refund_id: string; was: string }[]>`
          with due as (
            select id, state, next_at from refund_attempt
            where next_at <= clock_timestamp()
              and (lease_until is null or lease_until < clock_timestamp())
            order by next_at limit ${limit} for update skip locked),
          leased as (
            update refund_attempt t set lease_until = clock_timestamp() + ${lease}::interval,
              state = case due.state when 'READY' then 'SENDING' else due.state end
            from due where t.id = due.id returning t.refund_id, due.state as was, due.next_at)
          select refund_id, was from leased order by next_at`;
        return rows.map(({ refund_id: refundId, was }) => ({
          refundId: Number(refundId),
          kind: KIND[was] ?? "poll",
        }));
      }),
  };
}
