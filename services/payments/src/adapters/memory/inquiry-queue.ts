import type { Inquiry, InquiryQueue } from "../../application/ports.ts";
import { hasMismatch, isOpen } from "../../domain/payment.ts";
import { attemptsOf, type MemoryBook } from "./memory-book.ts";

/** The inquiry list in memory; leases are on the book's clock. */
export function memoryInquiryQueue(book: MemoryBook, leaseMs: number): InquiryQueue {
  const isLeased = (id: number): boolean => (book.attempts.get(id)?.leasedUntil ?? -1) >= book.clock.now();
  const isDue = (id: number): boolean => {
    const at = book.attempts.get(id)?.attempt.nextInquiryAt ?? null;
    return at !== null && at <= book.clock.now();
  };
  const claim = (id: number): readonly Inquiry[] => {
    const stored = book.attempts.get(id);
    const payment = book.payments.get(stored?.paymentId ?? 0);
    if (!stored || !payment || !isDue(id) || isLeased(id)) return [];
    book.attempts.set(id, { ...stored, leasedUntil: book.clock.now() + leaseMs });
    const { no, hint } = stored.attempt;
    return [{ paymentReference: payment.reference, attemptNo: no, hint }];
  };
  return {
    claimDue: async (limit) =>
      [...book.attempts.values()]
        .map(({ attempt }) => attempt)
        .filter(({ id }) => isDue(id) && !isLeased(id))
        .sort((a, b) => (a.nextInquiryAt ?? 0) - (b.nextInquiryAt ?? 0))
        .slice(0, limit)
        .flatMap(({ id }) => claim(id)),
    claimOne: async (attemptId) => claim(attemptId)[0] ?? null,
    isLeased: async (attemptId) => isLeased(attemptId),
    overdue: async (limit) =>
      [...book.payments.values()]
        .filter((payment) => isOpen(payment) && payment.expiresAt <= book.clock.now())
        .filter((payment) => !hasMismatch(payment))
        .filter(({ id }) => attemptsOf(book, id).every(({ state }) => state === "REJECTED"))
        .sort((a, b) => a.expiresAt - b.expiresAt)
        .slice(0, limit)
        .map(({ reference }) => reference),
  };
}
