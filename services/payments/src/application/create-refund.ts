import { notFound } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type { RecordedCharge } from "../domain/charge.ts";
import type { RefundChanged } from "../domain/events.ts";
import { newRefund, type Refund } from "../domain/refund.ts";
import { newRefundAttempt } from "../domain/refund-attempt.ts";
import { type RefundBasis, type RefundShare, shareOfPayment, wholeReceipt } from "../domain/refundable.ts";
import { unlessAnswered } from "./answer-once.ts";
import type { Clock, Ids } from "./ports.ts";
import type { AuditEntry, RefundCreation, RefundRequest, RefundStore } from "./refund-ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type RefundWish = {
  readonly scope: Scope;
  readonly paymentId: number;
  readonly amountMinor: bigint;
  readonly reason: string;
  /** The late or differing money that goes back, by its receipt; null for a part of what the payment earned. */
  readonly receiptId: number | null;
  readonly createdBy: string;
  /** An operator's refund waits for another operator from the application's threshold on; an application's never. */
  readonly byOperator: boolean;
};

export type CreateRefund = (wish: RefundWish, request: RefundRequest) => Promise<RefundCreation>;

export type CreateRefundPorts = {
  readonly refunds: RefundStore;
  readonly ids: Pick<Ids, "refundReference">;
  readonly clock: Clock;
  /** Makes the refund worker look at its list now. */
  readonly wakeRefunds: () => void;
};

/**
 * Asks for a refund. What was answered to the key before is answered again, also when nothing could be refunded any
 * more. Raises RESOURCE_NOT_FOUND, INVALID_OPERATION_STATE, VALIDATION_ERROR, IDEMPOTENCY_KEY_CONFLICT.
 */
export function createRefund(ports: CreateRefundPorts): CreateRefund {
  return async (wish, request) => {
    const { idempotency } = request;
    const answered = async () => idempotency && (await ports.refunds.answered(wish.scope, idempotency));
    const creation = await retryOnConflict(() =>
      unlessAnswered(answered, () => createOnce(ports, wish, request)),
    );
    if (!creation.replayed) ports.wakeRefunds();
    return creation;
  };
}

async function createOnce(
  { refunds, ids, clock }: CreateRefundPorts,
  wish: RefundWish,
  request: RefundRequest,
): Promise<RefundCreation> {
  const basis = await refunds.basis(wish.paymentId, wish.scope);
  if (!basis) throw notFound("Payment");
  const share = shareOf(basis, wish);
  const now = clock.now();
  const identity = { id: await refunds.nextId(), reference: ids.refundReference() };
  const refund = newRefund({ ...factsOf(basis, wish, share), ...identity }, now);
  const attempts =
    refund.status === "PENDING" ? [newRefundAttempt(refund, 1, share.charge.account, now)] : [];
  const event = requested(basis, refund, share, now);
  const created = { basis, write: { refund, isNew: true, attempts }, event };
  return refunds.create(created, auditOf(wish, refund), request);
}

function shareOf(basis: RefundBasis, { receiptId, amountMinor }: RefundWish): RefundShare {
  return receiptId === null
    ? shareOfPayment(basis, amountMinor)
    : wholeReceipt(basis, receiptId, amountMinor);
}

function factsOf(basis: RefundBasis, wish: RefundWish, share: RefundShare) {
  const { payment } = basis;
  const { scope, amountMinor, reason, createdBy } = wish;
  const { currency } = share.charge.charged;
  return {
    scope,
    reason,
    createdBy,
    paymentId: payment.id,
    chargeId: share.charge.id,
    amount: { amountMinor, currency },
    gatewayAmount: share.gatewayAmount,
    ...originOf(share.charge),
    needsApproval: needsApproval(basis, wish, currency),
  };
}

function originOf({ kind, id, attemptId }: RecordedCharge): Pick<Refund, "origin" | "originRef"> {
  if (kind === "SETTLEMENT") return { origin: "MERCHANT", originRef: "" };
  if (kind === "MISMATCH") return { origin: "MISMATCH", originRef: String(attemptId) };
  return { origin: "LATE_MONEY", originRef: String(id) };
}

/** A threshold says nothing about another currency than the payment's, so there it is always reached. */
function needsApproval(
  { payment, approvalThresholdMinor: threshold }: RefundBasis,
  { byOperator, amountMinor }: RefundWish,
  currency: string,
): boolean {
  if (!byOperator || threshold === null) return false;
  return currency !== payment.amount.currency || amountMinor >= threshold;
}

function requested(
  { payment }: RefundBasis,
  refund: Refund,
  { charge: { attemptId } }: RefundShare,
  occurredAt: Instant,
): RefundChanged {
  return { kind: "refund", type: "refund.requested", occurredAt, payment, refund, attemptId };
}

function auditOf({ createdBy: actor, byOperator }: RefundWish, refund: Refund): AuditEntry {
  const { id, paymentId, amount, status } = refund;
  const action = byOperator ? "refund.requested_by_operator" : "refund.requested";
  const amountMinor = amount.amountMinor.toString();
  return { actor, action, detail: { refundId: id, paymentId, amountMinor, status } };
}
