import type { Sql } from "@oi/platform/postgres/client";
import type { InquiryRecord } from "../../application/ports.ts";
import type { PaymentVerdict } from "../../domain/gateway.ts";
import { nothing } from "./statement.ts";

export function inquiryRow(sql: Sql, inquiry: InquiryRecord | null) {
  if (!inquiry) return nothing(sql);
  const { verdict } = inquiry;
  return sql`
    insert into gateway_inquiry (attempt_id, payment_id, operation, asked_at, took_ms, outcome, cause, detail)
    select ${inquiry.attemptId}, p.id, ${inquiry.operation}, ${new Date(inquiry.askedAt)}, ${inquiry.tookMs}, ${verdict.outcome},
      ${"cause" in verdict ? verdict.cause : null}, ${sql.json(inquiryDetail(verdict))} from p`;
}

/** What the gateway said, without anything about the customer. */
function inquiryDetail(verdict: PaymentVerdict): Record<string, string | string[]> {
  if (verdict.outcome === "paid") return { charges: verdict.payments.map((payment) => payment.gatewayRef) };
  if (verdict.outcome === "pending") return { phase: verdict.phase };
  return "reason" in verdict ? { reason: verdict.reason } : {};
}

/**
 * A definite answer decides the callbacks that waited for it. The first that said the same, and whose answer moved
 * something, is APPLIED, others that said the same are DUPLICATE, those that said otherwise STALE. MISMATCH is a claim
 * whose figures differ from the payment's, or a payment whose figures differ by the gateway's own word. A signed claim
 * of payment that the gateway denies waits until it is refuted.
 */
export function decidedCallbacks(sql: Sql, inquiry: InquiryRecord | null) {
  if (!inquiry?.finding) return nothing(sql);
  const { attemptId, finding, moved, refuted } = inquiry;
  return sql`
    update gateway_callback c set decided_at = clock_timestamp(), outcome = case
      when c.claim_differs then 'MISMATCH'
      when ${finding} = 'mismatch' then case c.says when 'paid' then 'MISMATCH' else 'STALE' end
      when c.says = ${finding} then case
        when ${moved} and c.id = (select min(f.id) from gateway_callback f where f.attempt_id = ${attemptId}
          and f.outcome = 'PENDING_VERIFICATION' and f.says = ${finding} and not f.claim_differs) then 'APPLIED'
        else 'DUPLICATE' end
      when c.says = 'paid' and c.signature_valid then 'MISMATCH'
      else 'STALE' end
    from p where c.attempt_id = ${attemptId} and c.outcome = 'PENDING_VERIFICATION'
      and (${refuted} or ${finding} in ('paid', 'mismatch') or c.claim_differs or c.says <> 'paid' or not c.signature_valid)`;
}
