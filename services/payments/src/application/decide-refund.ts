import { notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { RefundEventType } from "../domain/events.ts";
import { approve, holdsItsAmount, type Refund, reject } from "../domain/refund.ts";
import { newRefundAttempt, type RefundAttempt } from "../domain/refund-attempt.ts";
import { type RefundFinding, resolveUnknown } from "../domain/refund-judgement.ts";
import { answerOnce, type Keep } from "./answer-once.ts";
import { paymentChange } from "./payment-change.ts";
import type { Clock, IdempotencyKey, PaymentStore } from "./ports.ts";
import type { AuditEntry, RefundFile, RefundStore } from "./refund-ports.ts";

export type RefundDecision =
  | { readonly kind: "approve" }
  | { readonly kind: "reject"; readonly reason: string | null }
  | { readonly kind: "resolve"; readonly finding: RefundFinding };

/**
 * What an operator decides about a refund. A repeat of an approval or rejection by the same operator changes nothing; of
 * a finding, a repeat with the same key.
 */
export type DecideRefund = (
  refund: { readonly id: number; readonly scope: Scope },
  actor: string,
  decision: RefundDecision,
  key?: IdempotencyKey | null,
) => Promise<Refund>;

export type DecideRefundPorts = {
  readonly payments: PaymentStore;
  readonly refunds: RefundStore;
  readonly clock: Clock;
  readonly wakeRefunds: () => void;
};

export function decideRefund(ports: DecideRefundPorts): DecideRefund {
  return async ({ id, scope }, actor, decision, key = null) => {
    const decided = await answerOnce(ports.payments, scope, key, async (keep) => {
      const file = await loadRefund(ports.refunds, id, scope);
      if (isRepeat(file.refund, actor, decision)) return file.refund;
      return decision.kind === "resolve"
        ? resolve(ports, file, actor, decision.finding, keep)
        : answer(ports, file, actor, decision);
    });
    ports.wakeRefunds();
    return decided;
  };
}

async function loadRefund(refunds: RefundStore, id: number, scope: Scope): Promise<RefundFile> {
  const file = await refunds.file(id);
  const own = file?.refund.scope;
  if (!file || own?.applicationId !== scope.applicationId || own.mode !== scope.mode)
    throw notFound("Refund");
  return file;
}

function isRepeat(refund: Refund, actor: string, { kind }: RefundDecision): boolean {
  if (kind === "approve") return "approvedBy" in refund && refund.approvedBy === actor;
  return kind === "reject" && "rejectedBy" in refund && refund.rejectedBy === actor;
}

async function answer(
  { payments, clock }: DecideRefundPorts,
  { payment, refund, charge }: RefundFile,
  actor: string,
  decision: Exclude<RefundDecision, { kind: "resolve" }>,
): Promise<Refund> {
  const now = clock.now();
  const approved = decision.kind === "approve";
  const decided = approved ? approve(refund, actor, now) : reject(refund, actor, decision.reason, now);
  const attempts: RefundAttempt[] = approved ? [newRefundAttempt(decided, 1, charge.account, now)] : [];
  const type: RefundEventType = approved ? "refund.approved" : "refund.rejected";
  const { attemptId } = charge;
  await payments.commit(
    paymentChange(payment, {
      refunds: [{ refund: decided, isNew: false, attempts }],
      releasedMinor: releasedBy(decided),
      events: [{ kind: "refund", type, occurredAt: now, payment, refund: decided, attemptId }],
      audit: auditOf(decided, actor, type),
    }),
  );
  return decided;
}

async function resolve(
  { payments, clock }: DecideRefundPorts,
  file: RefundFile,
  actor: string,
  finding: RefundFinding,
  keep: Keep,
): Promise<Refund> {
  const attempt = newestAttempt(file);
  const { payment, refund, attempts } = resolveUnknown({ ...file, attempt }, finding, clock.now());
  const action =
    finding.kind === "executed" ? "refund.resolved_as_executed" : "refund.resolved_as_not_executed";
  await payments.commit(
    paymentChange(file.payment, {
      payment,
      refunds: [{ refund, isNew: false, attempts }],
      audit: auditOf(refund, actor, action),
      answer: keep(refund),
    }),
  );
  return refund;
}

/** A refund that waits for approval has none; the domain refuses to judge it by its status. */
export function newestAttempt({ refund, attempts, charge }: RefundFile): RefundAttempt {
  return attempts.at(-1) ?? newRefundAttempt(refund, 1, charge.account, refund.createdAt);
}

/** Money that is not the payment's was never taken from what can be refunded. */
export function releasedBy(refund: Refund): bigint {
  return refund.origin === "MERCHANT" && !holdsItsAmount(refund) ? refund.amount.amountMinor : 0n;
}

function auditOf({ id, paymentId, amount, status }: Refund, actor: string, action: string): AuditEntry {
  return {
    actor,
    action,
    detail: { refundId: id, paymentId, amountMinor: amount.amountMinor.toString(), status },
  };
}
