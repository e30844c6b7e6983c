import { DomainError, notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import { LIST_REACH } from "../../application/list-payments.ts";
import type {
  Creation,
  IdempotencyKey,
  PaymentFile,
  PaymentFilter,
  PaymentStore,
} from "../../application/ports.ts";
import { checkAmount } from "../../domain/application.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { OpenPayment, Payment } from "../../domain/payment.ts";
import { checkoutOf } from "./checkout-of.ts";
import {
  attemptsOf,
  changeAnswer,
  keyOf,
  knownCharges,
  type MemoryBook,
  mismatchesOf,
  nextId,
} from "./memory-book.ts";
import { commitChange } from "./payment-commit.ts";

/** Payments in memory. */
export function memoryPaymentStore(book: MemoryBook): PaymentStore {
  const find = (scope: Scope, isIt: (payment: Payment) => boolean): Payment | null =>
    [...book.payments.values()].find((payment) => isIt(payment) && isIn(scope, payment)) ?? null;
  return {
    nextId: async () => nextId(book),
    nextChargeId: async () => nextId(book),
    create: async (payment, event, request) => create(book, payment, event, request),
    byId: async (id, scope) => find(scope, (payment) => payment.id === id),
    byReference: async (reference, scope) => find(scope, (payment) => payment.reference === reference),
    list: async (filter, scope) => list(book, filter, scope),
    checkoutByReference: async (reference) => checkoutOf(book, reference),
    fileByReference: async (reference) => fileOf(book, reference),
    answered: async <T extends object>({ applicationId, mode }: Scope, key: IdempotencyKey) =>
      changeAnswer<T>(book, applicationId, mode, key),
    purgeAnswers: async (olderThanMs, limit) => {
      const old = [...book.answers].filter(
        ([, { creation }]) => creation.answeredAt < book.clock.now() - olderThanMs,
      );
      for (const [key] of old.slice(0, limit)) book.answers.delete(key);
      return Math.min(old.length, limit);
    },
    commit: async (change) => commitChange(book, change),
  };
}

function isIn({ applicationId, mode }: Scope, { scope }: Payment): boolean {
  return scope.applicationId === applicationId && scope.mode === mode;
}

function create(
  book: MemoryBook,
  payment: OpenPayment,
  event: PaymentsEvent,
  { requestId, idempotency }: Parameters<PaymentStore["create"]>[2],
): Creation {
  const { applicationId, mode } = payment.scope;
  const key = idempotency && `${applicationId} ${mode} ${idempotency.route} ${idempotency.key}`;
  const earlier = key === null ? undefined : book.answers.get(key);
  if (earlier && idempotency) {
    if (earlier.fingerprint === keyOf(idempotency.fingerprint))
      return { ...earlier.creation, replayed: true };
    throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "This Idempotency-Key was used with another request.");
  }
  const application = book.applications.get(applicationId);
  if (!application) throw notFound("Application");
  checkAmount(application, payment.amount);
  book.payments.set(payment.id, payment);
  book.history.set(payment.id, [
    { version: 1, from: null, to: payment.status, cause: "api", at: book.clock.now() },
  ]);
  book.events.push(event);
  const answeredAt = book.clock.now();
  const creation: Creation = {
    payment,
    replayed: false,
    answeredAt,
    firstRequestId: requestId,
    renderVersion: 1,
  };
  if (idempotency && key !== null) {
    book.answers.set(key, { fingerprint: keyOf(idempotency.fingerprint), creation });
  }
  return creation;
}

function list(book: MemoryBook, filter: PaymentFilter, scope: Scope) {
  const found = [...book.payments.values()].filter(
    (payment) =>
      isIn(scope, payment) &&
      (filter.customerReference === null || payment.customer.reference === filter.customerReference) &&
      (filter.reference === null || payment.reference === filter.reference) &&
      (filter.from === null || payment.createdAt >= filter.from) &&
      (filter.to === null || payment.createdAt <= filter.to),
  );
  const byAge = found.sort((a, b) => a.createdAt - b.createdAt || a.id - b.id);
  const fromTheOldest = filter.sortBy === "createdAt" && filter.ascending;
  const reached = (fromTheOldest ? byAge.slice(0, LIST_REACH) : byAge.slice(-LIST_REACH)).filter(
    ({ status }) => filter.status === null || status === filter.status,
  );
  const sortedBy = (payment: Payment): number =>
    filter.sortBy === "amountMinor" ? Number(payment.amount.amountMinor) : payment[filter.sortBy];
  const ascending = reached.sort((a, b) => sortedBy(a) - sortedBy(b) || a.id - b.id);
  const sorted = filter.ascending ? ascending : ascending.reverse();
  return { payments: sorted.slice(filter.skip, filter.skip + filter.limit), total: reached.length };
}

const DENIALS: readonly string[] = ["failed", "cancelled", "expired"];

function fileOf(book: MemoryBook, reference: string): PaymentFile | null {
  const payment = [...book.payments.values()].find((one) => one.reference === reference);
  const application = payment && book.applications.get(payment.scope.applicationId);
  if (!payment || !application) return null;
  const waiting = book.callbacks.filter(
    ({ paymentId, outcome }) => paymentId === payment.id && outcome === "PENDING_VERIFICATION",
  );
  return {
    payment,
    attempts: attemptsOf(book, payment.id),
    knownCharges: knownCharges(book, payment.id),
    mismatches: mismatchesOf(book, payment.id),
    applicationName: application.name,
    latePaymentPolicy: application.latePaymentPolicy,
    awaitingConfirmation: waiting.length > 0,
    waitingClaims: attemptsOf(book, payment.id).flatMap(({ id: attemptId }) => {
      const claims = waiting.filter(
        (callback) =>
          callback.attemptId === attemptId && callback.claim.says === "paid" && isSigned(callback.claim),
      );
      if (claims.length === 0) return [];
      const since = Math.min(...claims.map(({ at }) => at));
      const denials = book.inquiries.filter(
        (inquiry) =>
          inquiry.attemptId === attemptId && DENIALS.includes(inquiry.outcome) && inquiry.askedAt >= since,
      );
      const deniedAt = denials.length === 0 ? null : Math.min(...denials.map(({ askedAt }) => askedAt));
      return [{ attemptId, differ: claims.some(({ claimDiffers }) => claimDiffers), deniedAt }];
    }),
  };
}

function isSigned({ signature }: { readonly signature: string }): boolean {
  return signature === "valid" || signature === "weak";
}
