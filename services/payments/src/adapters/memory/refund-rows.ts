import { DomainError, VersionConflict } from "@oi/kernel/errors";
import type { RefundWrite } from "../../application/refund-ports.ts";
import { holdsItsAmount, LATE_MONEY_ACTOR, type Refund } from "../../domain/refund.ts";
import type { RefundAttempt } from "../../domain/refund-attempt.ts";
import { type MemoryBook, nextId } from "./memory-book.ts";

export function refundsOf(book: MemoryBook, paymentId: number): Refund[] {
  return [...book.refunds.values()]
    .map(({ refund }) => refund)
    .filter((refund) => refund.paymentId === paymentId);
}

/** Charges that are not the payment's go back once; so do executions at the gateway belong to one refund. What unique indexes refuse. */
export function refuseRefunds(book: MemoryBook, writes: readonly RefundWrite[]): void {
  for (const { refund, isNew, attempts } of writes) {
    const others = refundsOf(book, refund.paymentId).filter(({ id }) => id !== refund.id);
    const late = others.filter((one) => one.origin !== "MERCHANT" && one.chargeId === refund.chargeId);
    const twice = refund.origin !== "MERCHANT" && holdsItsAmount(refund) && late.some(holdsItsAmount);
    const again =
      refund.createdBy === LATE_MONEY_ACTOR && late.some(({ createdBy }) => createdBy === LATE_MONEY_ACTOR);
    if (isNew && (twice || again)) throw new VersionConflict("another refund of this receipt came first");
    if (attempts.some((attempt) => isExecutedElsewhere(book, refund.id, attempt))) {
      throw new DomainError("INVALID_OPERATION_STATE", "Another refund has this id of the gateway already.");
    }
  }
}

function isExecutedElsewhere(book: MemoryBook, refundId: number, attempt: RefundAttempt): boolean {
  return [...book.refunds.values()].some(
    ({ refund, attempts }) =>
      refund.id !== refundId &&
      attempts.some(
        ({ account, gatewayRefundId }) =>
          gatewayRefundId !== null &&
          account === attempt.account &&
          gatewayRefundId === attempt.gatewayRefundId,
      ),
  );
}

export function storeRefund(book: MemoryBook, { refund, attempts }: RefundWrite): void {
  const known = book.refunds.get(refund.id)?.attempts ?? [];
  const changed = attempts.map((attempt) => (attempt.id === 0 ? { ...attempt, id: nextId(book) } : attempt));
  const kept = known.filter(({ id }) => !changed.some((attempt) => attempt.id === id));
  const all = [...kept, ...changed].sort((a, b) => a.no - b.no);
  const leasedUntil = attempts.length > 0 ? null : (book.refunds.get(refund.id)?.leasedUntil ?? null);
  book.refunds.set(refund.id, { refund, attempts: all, leasedUntil });
}
