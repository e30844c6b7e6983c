import { type ManualClock, manualClock } from "@oi/testkit/clock";
import { memoryApplicationStore } from "../adapters/memory/application-store.ts";
import { memoryCallbackStore } from "../adapters/memory/callback-store.ts";
import { memoryCredentialStore } from "../adapters/memory/credential-store.ts";
import { memoryInquiryQueue } from "../adapters/memory/inquiry-queue.ts";
import { type MemoryBook, memoryBook } from "../adapters/memory/memory-book.ts";
import { memoryPaymentStore } from "../adapters/memory/payment-store.ts";
import { memoryReceiptStore } from "../adapters/memory/receipt-store.ts";
import { memoryRefundQueue } from "../adapters/memory/refund-queue.ts";
import { memoryRefundStore } from "../adapters/memory/refund-store.ts";
import { memoryReviewStore } from "../adapters/memory/review-store.ts";
import { memoryTimelineStore } from "../adapters/memory/timeline-store.ts";
import { publicationOf, type StoreWorld } from "./store-world.ts";

export type MemoryWorld = StoreWorld & { readonly book: MemoryBook; readonly clock: ManualClock };

const LEASE_MS = 30_000;

/** The stores in memory, on a clock that moves only when told. */
export function memoryWorld(): MemoryWorld {
  const clock = manualClock();
  const book = memoryBook(clock);
  return {
    book,
    clock,
    payments: memoryPaymentStore(book),
    queue: memoryInquiryQueue(book, LEASE_MS),
    refunds: memoryRefundStore(book),
    credentials: memoryCredentialStore(book),
    receipts: memoryReceiptStore(book),
    reviews: memoryReviewStore(book),
    timeline: memoryTimelineStore(book),
    refundQueue: memoryRefundQueue(book, LEASE_MS),
    callbacks: memoryCallbackStore(book),
    applications: memoryApplicationStore(book),
    now: clock.now,
    endLeases: async () => {
      for (const [id, stored] of book.attempts) book.attempts.set(id, { ...stored, leasedUntil: null });
      for (const [id, stored] of book.refunds) book.refunds.set(id, { ...stored, leasedUntil: null });
    },
    endCredential: async (credentialId) => {
      for (const [key, credential] of book.credentials) {
        if (credential.id === credentialId)
          book.credentials.set(key, { ...credential, endedAt: clock.now() });
      }
    },
    history: async (paymentId) => (book.history.get(paymentId) ?? []).map(({ at: _, ...step }) => step),
    published: async (aggregate) =>
      book.events
        .map(publicationOf)
        .filter((publication) => publication.aggregate === aggregate)
        .map(({ type, version }) => ({ type, version })),
    callbackOutcomes: async (paymentId) =>
      book.callbacks.filter((callback) => callback.paymentId === paymentId).map(({ outcome }) => outcome),
    inquiries: async (paymentId) =>
      book.inquiries
        .filter((inquiry) => inquiry.paymentId === paymentId)
        .map(({ operation, outcome }) => `${operation} ${outcome}`),
    audited: async (applicationId) =>
      book.audit
        .filter((entry) => entry.applicationId === applicationId)
        .map(({ actor, action }) => `${actor} ${action}`),
    [Symbol.asyncDispose]: async () => {},
  };
}
