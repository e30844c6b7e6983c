import type { Instant } from "@oi/kernel/instant";
import type { Application } from "./application.ts";
import type { RecordedCharge } from "./charge.ts";
import type { Payment, PaymentStatus, Step } from "./payment.ts";
import type { Refund } from "./refund.ts";

export type PaymentEventType =
  | "payment.created"
  | "payment.opened"
  | "payment.succeeded"
  | "payment.failed"
  | "payment.cancelled"
  | "payment.expired";

export type PaymentChanged = {
  readonly kind: "payment";
  readonly type: PaymentEventType;
  readonly occurredAt: Instant;
  /** The payment at the version of this event. */
  readonly payment: Payment;
  readonly attemptId: number | null;
  readonly charge: RecordedCharge | null;
};

export type LateReceiptRecorded = {
  readonly kind: "late_receipt";
  readonly occurredAt: Instant;
  readonly payment: Payment;
  readonly charge: RecordedCharge;
};

/** An operator confirmed that the gateway took other money than was asked. */
export type MismatchConfirmed = {
  readonly kind: "mismatch";
  readonly occurredAt: Instant;
  readonly payment: Payment;
  readonly charge: RecordedCharge;
};

export type RefundEventType =
  | "refund.requested"
  | "refund.approved"
  | "refund.rejected"
  | "refund.succeeded"
  | "refund.failed";

export type RefundChanged = {
  readonly kind: "refund";
  readonly type: RefundEventType;
  readonly occurredAt: Instant;
  /** The payment and the refund as they are after the change. */
  readonly payment: Payment;
  readonly refund: Refund;
  /** The attempt that took the money which goes back. */
  readonly attemptId: number;
};

export type ApplicationUpdated = {
  readonly kind: "application";
  readonly occurredAt: Instant;
  readonly application: Application;
};

export type PaymentsEvent =
  | PaymentChanged
  | LateReceiptRecorded
  | MismatchConfirmed
  | RefundChanged
  | ApplicationUpdated;

const EVENT_OF: Partial<Record<PaymentStatus, PaymentEventType>> = {
  CREATED: "payment.created",
  PENDING: "payment.opened",
  SUCCEEDED: "payment.succeeded",
  FAILED: "payment.failed",
  CANCELLED: "payment.cancelled",
  EXPIRED: "payment.expired",
};

/** One event per step. An event of an earlier step shows the payment as it was at that step: still open. */
export function eventsOf(
  payment: Payment,
  steps: readonly Step[],
  now: Instant,
  evidence: { readonly attemptId: number | null; readonly charges: readonly RecordedCharge[] },
): PaymentsEvent[] {
  const settlement = evidence.charges.find((charge) => charge.kind === "SETTLEMENT") ?? null;
  const changes = steps.flatMap((step): PaymentsEvent[] => {
    const type = EVENT_OF[step.to];
    if (!type) return [];
    const at = step.version === payment.version ? payment : asPending(payment, step);
    const charge = step.to === "SUCCEEDED" ? settlement : null;
    return [{ kind: "payment", type, occurredAt: now, payment: at, attemptId: evidence.attemptId, charge }];
  });
  const late = evidence.charges.flatMap((charge): PaymentsEvent[] =>
    charge.kind === "SETTLEMENT" ? [] : [{ kind: "late_receipt", occurredAt: now, payment, charge }],
  );
  return [...changes, ...late];
}

/** Only CREATED → PENDING can share a commit with a later step. */
function asPending(payment: Payment, step: Step): Payment {
  const { id, reference, scope, amount, customer, productName, redirectUrl, gateway, reviewReasons } =
    payment;
  const { expiresAt, createdAt, updatedAt, revision } = payment;
  return {
    id,
    reference,
    scope,
    amount,
    customer,
    productName,
    redirectUrl,
    gateway,
    reviewReasons,
    expiresAt,
    createdAt,
    updatedAt,
    revision,
    version: step.version,
    status: "PENDING",
  };
}
