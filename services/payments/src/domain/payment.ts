import { assert } from "@oi/kernel/assert";
import { DomainError } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Money } from "@oi/kernel/money";
import type { Scope } from "@oi/kernel/scope";
import type { GatewayKind } from "./gateway.ts";

export type Customer = {
  readonly reference: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly name: string | null;
};

/** Why a person has to look at a payment. None of them moves it. */
export type ReviewReason =
  | "AMOUNT_MISMATCH"
  | "CURRENCY_MISMATCH"
  | "STORE_MISMATCH"
  | "REFERENCE_MISMATCH"
  | "CLAIM_MISMATCH"
  | "RISK"
  | "GATEWAY_CONTRADICTION"
  | "STUCK_UNKNOWN"
  | "LATE_MONEY_HELD"
  | "REFUND_UNKNOWN";

type Facts = {
  readonly id: number;
  readonly reference: string;
  readonly scope: Scope;
  readonly amount: Money;
  readonly customer: Customer;
  readonly productName: string | null;
  readonly redirectUrl: string | null;
  readonly gateway: GatewayKind;
  readonly reviewReasons: readonly ReviewReason[];
  readonly expiresAt: Instant;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Rises by one with every change of status; the `sequence` of webhooks. */
  readonly version: number;
  /** Rises with every write; the lock of optimistic commits. */
  readonly revision: number;
};

/** What a payment knows once the gateway said that the money was taken. */
export type Paid = {
  readonly at: Instant;
  readonly gatewayTxnId: string;
  readonly riskLevel: 0 | 1;
  readonly refundedMinor: bigint;
};

export type OpenPayment = Facts & { readonly status: "CREATED" | "PENDING" };
export type PaidPayment = Facts & {
  readonly status: "SUCCEEDED" | "PARTIALLY_REFUNDED" | "REFUNDED";
  readonly paid: Paid;
};
export type ClosedPayment = Facts & {
  readonly status: "FAILED" | "CANCELLED" | "EXPIRED";
  readonly failureReason: string | null;
};

export type Payment = OpenPayment | PaidPayment | ClosedPayment;
export type PaymentStatus = Payment["status"];

/** One row of a payment's history: every change of status is one. */
export type Step = {
  readonly version: number;
  readonly from: PaymentStatus | null;
  readonly to: PaymentStatus;
  readonly cause: string;
};

const DEFAULT_TTL_SECONDS = 1_800;

export type NewPayment = {
  readonly scope: Scope;
  readonly amount: Money;
  readonly customer: Customer;
  readonly productName: string | null;
  readonly redirectUrl: string | null;
  readonly expiresInSeconds: number | null;
};

export function newPayment(
  wish: NewPayment,
  identity: { readonly id: number; readonly reference: string },
  now: Instant,
): OpenPayment {
  const { expiresInSeconds, ...facts } = wish;
  return {
    ...facts,
    ...identity,
    status: "CREATED",
    gateway: "SSLCOMMERZ",
    reviewReasons: [],
    expiresAt: now + (expiresInSeconds ?? DEFAULT_TTL_SECONDS) * 1_000,
    createdAt: now,
    updatedAt: now,
    version: 1,
    revision: 1,
  };
}

export function isOpen(payment: Payment): payment is OpenPayment {
  return payment.status === "CREATED" || payment.status === "PENDING";
}

export function isPaid(payment: Payment): payment is PaidPayment {
  return "paid" in payment;
}

/** CREATED → PENDING: a gateway session is open. A payment that is PENDING already stays. */
export function markPending(payment: OpenPayment, now: Instant): { payment: OpenPayment; steps: Step[] } {
  if (payment.status === "PENDING") return { payment, steps: [] };
  const version = payment.version + 1;
  return {
    payment: { ...payment, status: "PENDING", version, updatedAt: now },
    steps: [{ version, from: "CREATED", to: "PENDING", cause: "checkout.opened" }],
  };
}

/** → SUCCEEDED. From CREATED both steps are taken, because the money proves that a session was open. */
export function markSucceeded(
  payment: OpenPayment,
  paid: Paid,
  now: Instant,
): { payment: PaidPayment; steps: Step[] } {
  const opened = markPending(payment, now);
  const version = opened.payment.version + 1;
  const steps = [...opened.steps, step(opened.payment, version, "SUCCEEDED", "gateway.paid")];
  return { payment: { ...opened.payment, status: "SUCCEEDED", paid, version, updatedAt: now }, steps };
}

/**
 * → PARTIALLY_REFUNDED or REFUNDED, when a refund of the payment's own money succeeded. A further partial refund is a
 * step of its own: what is refunded is public, and a version names one public state.
 */
export function markRefunded(
  payment: PaidPayment,
  amountMinor: bigint,
  now: Instant,
): { payment: PaidPayment; steps: Step[] } {
  const refundedMinor = payment.paid.refundedMinor + amountMinor;
  assert(refundedMinor <= payment.amount.amountMinor, "no more goes back than was paid");
  const status = refundedMinor === payment.amount.amountMinor ? "REFUNDED" : "PARTIALLY_REFUNDED";
  const version = payment.version + 1;
  const paid = { ...payment.paid, refundedMinor };
  return {
    payment: { ...payment, status, paid, version, updatedAt: now },
    steps: [step(payment, version, status, "refund.succeeded")],
  };
}

/** → FAILED, CANCELLED or EXPIRED, each only after the gateway itself said so, or when no session ever existed. */
export function close(
  payment: OpenPayment,
  status: ClosedPayment["status"],
  reason: string | null,
  cause: string,
  now: Instant,
): { payment: ClosedPayment; steps: Step[] } {
  const opened = status === "EXPIRED" ? { payment, steps: [] } : markPending(payment, now);
  const version = opened.payment.version + 1;
  return {
    payment: { ...opened.payment, status, failureReason: reason, version, updatedAt: now },
    steps: [...opened.steps, step(opened.payment, version, status, cause)],
  };
}

function step(from: Payment, version: number, to: PaymentStatus, cause: string): Step {
  return { version, from: from.status, to, cause };
}

export function flagForReview<P extends Payment>(payment: P, reason: ReviewReason, now: Instant): P {
  if (payment.reviewReasons.includes(reason)) return payment;
  return { ...payment, reviewReasons: [...payment.reviewReasons, reason], updatedAt: now };
}

export function clearReview<P extends Payment>(payment: P, reason: ReviewReason, now: Instant): P {
  if (!payment.reviewReasons.includes(reason)) return payment;
  const reviewReasons = payment.reviewReasons.filter((one) => one !== reason);
  return { ...payment, reviewReasons, updatedAt: now };
}

/** Figures differ: time alone does not close such a payment, a person does. */
export function hasMismatch({ reviewReasons }: Payment): boolean {
  return reviewReasons.some((reason) => reason.endsWith("_MISMATCH"));
}

export function checkoutClosed(payment: Payment): DomainError {
  const message = `The payment is ${payment.status.toLowerCase().replace("_", " ")}; it cannot be paid any more.`;
  return new DomainError("INVALID_OPERATION_STATE", message, { metadata: { status: payment.status } });
}
