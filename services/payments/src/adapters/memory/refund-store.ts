import { DomainError, VersionConflict } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { IdempotencyKey } from "../../application/ports.ts";
import type {
  RefundCreation,
  RefundFile,
  RefundPage,
  RefundStore,
  RefundsListed,
} from "../../application/refund-ports.ts";
import { isPaid } from "../../domain/payment.ts";
import { holdsItsAmount, type Refund } from "../../domain/refund.ts";
import type { RefundBasis } from "../../domain/refundable.ts";
import { answerKey, keyOf, type MemoryBook, nextId } from "./memory-book.ts";
import { refundsOf, refuseRefunds, storeRefund } from "./refund-rows.ts";

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
const isIn = (scope: Scope, { scope: own }: { readonly scope: Scope }): boolean =>
  own.applicationId === scope.applicationId && own.mode === scope.mode;

/** Refunds in memory. */
export function memoryRefundStore(book: MemoryBook): RefundStore {
  return {
    nextId: async () => nextId(book),
    answered: async (scope, key) => answered(book, scope, key),
    basis: async (paymentId, scope) => basisOf(book, paymentId, scope),
    create: async (created, audit, request) => create(book, created, audit, request),
    byId: async (id, scope) => {
      const refund = book.refunds.get(id)?.refund;
      return refund && isIn(scope, refund) ? refund : null;
    },
    list: async (paymentId, scope, page) => list(book, paymentId, scope, page),
    file: async (id) => fileOf(book, id),
    inDoubt: async (paymentId) => inDoubt(book, paymentId, 0),
  };
}

function list(
  book: MemoryBook,
  paymentId: number,
  scope: Scope,
  { ascending, skip, limit }: RefundPage,
): RefundsListed | null {
  const payment = book.payments.get(paymentId);
  if (!payment || !isIn(scope, payment)) return null;
  const oldestFirst = refundsOf(book, paymentId).sort((a, b) => a.createdAt - b.createdAt || a.id - b.id);
  const sorted = ascending ? oldestFirst : oldestFirst.reverse();
  return { refunds: sorted.slice(skip, skip + limit), total: sorted.length };
}

function answered(book: MemoryBook, scope: Scope, key: IdempotencyKey): RefundCreation | null {
  const earlier = book.refundAnswers.get(answerKey(scope.applicationId, scope.mode, key));
  if (!earlier) return null;
  if (earlier.fingerprint === keyOf(key.fingerprint)) return { ...earlier.creation, replayed: true };
  throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "This Idempotency-Key was used with another request.");
}

function basisOf(book: MemoryBook, paymentId: number, scope: Scope): RefundBasis | null {
  const payment = book.payments.get(paymentId);
  if (!payment || !isIn(scope, payment)) return null;
  const held = refundsOf(book, paymentId).filter(holdsItsAmount);
  const own = held.filter(({ origin }) => origin === "MERCHANT");
  const late = held.filter(({ origin }) => origin !== "MERCHANT");
  return {
    payment,
    charges: [...book.charges.values()].filter((charge) => charge.paymentId === paymentId),
    reservedMinor: sum(own.map(({ amount }) => amount.amountMinor)),
    reservedGrossMinor: sum(own.map(({ gatewayAmount }) => gatewayAmount.amountMinor)),
    returnedCharges: late.map(({ chargeId }) => chargeId),
    approvalThresholdMinor: book.applications.get(scope.applicationId)?.refundApprovalThresholdMinor ?? null,
  };
}

function create(
  book: MemoryBook,
  { basis, write, event }: Parameters<RefundStore["create"]>[0],
  audit: Parameters<RefundStore["create"]>[1],
  { idempotency, requestId }: Parameters<RefundStore["create"]>[2],
): RefundCreation {
  const { refund } = write;
  const earlier = idempotency && answered(book, refund.scope, idempotency);
  if (earlier) return earlier;
  const now = basisOf(book, refund.paymentId, refund.scope);
  const held = refund.origin === "MERCHANT" ? refund.amount.amountMinor : 0n;
  const paidMinor = now && isPaid(now.payment) ? now.payment.amount.amountMinor : 0n;
  const converted = refund.gatewayAmount.currency !== refund.amount.currency;
  const moved = now?.payment.version !== basis.payment.version;
  const raced = converted && now?.reservedMinor !== basis.reservedMinor;
  if (!now || moved || raced || (held > 0n && now.reservedMinor + held > paidMinor)) {
    throw new VersionConflict("the payment changed meanwhile, or less of it can be refunded");
  }
  refuseRefunds(book, [write]);
  storeRefund(book, write);
  book.events.push(event);
  if (audit) book.audit.push({ ...audit, applicationId: refund.scope.applicationId });
  const given = { answeredAt: book.clock.now(), firstRequestId: requestId, renderVersion: 1 };
  const creation: RefundCreation = { refund, replayed: false, ...given };
  if (idempotency) {
    const fingerprint = keyOf(idempotency.fingerprint);
    book.refundAnswers.set(answerKey(refund.scope.applicationId, refund.scope.mode, idempotency), {
      fingerprint,
      creation,
    });
  }
  return creation;
}

function fileOf(book: MemoryBook, id: number): RefundFile | null {
  const stored = book.refunds.get(id);
  if (!stored) return null;
  const { refund, attempts } = stored;
  const payment = book.payments.get(refund.paymentId);
  const charge = [...book.charges.values()].find((one) => one.id === refund.chargeId);
  if (!payment || !charge) throw new Error(`refund ${id} has lost what it refers to`);
  return { payment, refund, attempts, charge, otherInDoubt: inDoubt(book, payment.id, id) };
}

function inDoubt(book: MemoryBook, paymentId: number, except: number): boolean {
  const others = [...book.refunds.values()].filter(
    ({ refund }) => refund.id !== except && isOpenOf(refund, paymentId),
  );
  return others.some(({ attempts }) =>
    attempts.some(({ state, nextAt }) => state === "UNKNOWN" || (state === "ACCEPTED" && nextAt === null)),
  );
}

function isOpenOf({ paymentId, status }: Refund, id: number): boolean {
  return paymentId === id && status === "PENDING";
}
