import type { RefundQueue, RefundTask } from "../../application/refund-ports.ts";
import type { RefundAttempt } from "../../domain/refund-attempt.ts";
import type { MemoryBook } from "./memory-book.ts";

const KIND = { READY: "send", SENDING: "lost", ACCEPTED: "poll" } as const;

/** The list of refunds in memory; leases are on the book's clock. */
export function memoryRefundQueue(book: MemoryBook, leaseMs: number): RefundQueue {
  const isDue = (attempt: RefundAttempt, leasedUntil: number | null): boolean =>
    attempt.state in KIND &&
    attempt.nextAt !== null &&
    attempt.nextAt <= book.clock.now() &&
    (leasedUntil === null || leasedUntil < book.clock.now());
  return {
    claimDue: async (limit) => {
      const due = [...book.refunds.entries()].flatMap(([refundId, stored]) => {
        const attempt = stored.attempts.find((one) => isDue(one, stored.leasedUntil));
        return attempt ? [{ refundId, stored, attempt }] : [];
      });
      due.sort((a, b) => (a.attempt.nextAt ?? 0) - (b.attempt.nextAt ?? 0));
      return due.slice(0, limit).map(({ refundId, stored, attempt }): RefundTask => {
        const kind = KIND[attempt.state as keyof typeof KIND];
        const claimed: RefundAttempt = kind === "send" ? { ...attempt, state: "SENDING" } : attempt;
        const attempts = stored.attempts.map((one) => (one.id === attempt.id ? claimed : one));
        book.refunds.set(refundId, { ...stored, attempts, leasedUntil: book.clock.now() + leaseMs });
        return { refundId, kind };
      });
    },
  };
}
