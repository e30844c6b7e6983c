import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type { RecordedCharge } from "../domain/charge.ts";
import type { RefundChanged } from "../domain/events.ts";
import type { RefundOutcome } from "../domain/gateway.ts";
import type { Payment } from "../domain/payment.ts";
import type { Refund } from "../domain/refund.ts";
import type { RefundAttempt } from "../domain/refund-attempt.ts";
import type { RefundBasis } from "../domain/refundable.ts";
import type { IdempotencyKey } from "./ports.ts";

/** Who did what, as it is kept for ever. */
export type AuditEntry = {
  readonly actor: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, string | number | null>>;
};

/** A refund as one commit of its payment leaves it, with the tries that changed. */
export type RefundWrite = {
  readonly refund: Refund;
  readonly isNew: boolean;
  readonly attempts: readonly RefundAttempt[];
};

/** What was asked of the gateway about a refund, and what it said. */
export type RefundCall = {
  readonly refundId: number;
  readonly attemptNo: number;
  readonly operation: "refund" | "inquireRefund";
  readonly askedAt: Instant;
  /** From the question to the answer. */
  readonly tookMs: number;
  readonly outcome: RefundOutcome;
};

export type RefundCreation = {
  readonly refund: Refund;
  readonly replayed: boolean;
  readonly answeredAt: Instant;
  readonly firstRequestId: string;
  readonly renderVersion: number;
};

export type RefundRequest = {
  readonly requestId: string;
  readonly idempotency: IdempotencyKey | null;
};

/** A refund with everything that its next step needs. */
export type RefundFile = {
  readonly payment: Payment;
  readonly refund: Refund;
  /** In order. */
  readonly attempts: readonly RefundAttempt[];
  readonly charge: RecordedCharge;
  /** Another refund of the payment is in doubt. */
  readonly otherInDoubt: boolean;
};

/** Newest first, unless ascending. */
export type RefundPage = { readonly ascending: boolean; readonly skip: number; readonly limit: number };

/** `total` counts up to 10,000. */
export type RefundsListed = { readonly refunds: readonly Refund[]; readonly total: number };

/** Refunds. What happens to them after their creation is part of a payment's commit (`PaymentStore.commit`). */
export interface RefundStore {
  nextId(): Promise<number>;
  /** What was answered to this key already. Raises IDEMPOTENCY_KEY_CONFLICT. */
  answered(scope: Scope, key: IdempotencyKey): Promise<RefundCreation | null>;
  basis(paymentId: number, scope: Scope): Promise<RefundBasis | null>;
  /**
   * Stores refund, try, event, audit row and answer in one statement and takes the amount from what can be refunded.
   * The payment's row is the lock, the sum is checked again in it. Raises VersionConflict when the payment moved or the
   * amount does not fit any more, IDEMPOTENCY_IN_PROGRESS.
   */
  create(
    created: { readonly basis: RefundBasis; readonly write: RefundWrite; readonly event: RefundChanged },
    audit: AuditEntry | null,
    request: RefundRequest,
  ): Promise<RefundCreation>;
  byId(id: number, scope: Scope): Promise<Refund | null>;
  /** In the order in which they were asked for. Null when there is no such payment. */
  list(paymentId: number, scope: Scope, page: RefundPage): Promise<RefundsListed | null>;
  file(id: number): Promise<RefundFile | null>;
  /** Whether the outcome of a refund of this payment is in doubt. */
  inDoubt(paymentId: number): Promise<boolean>;
}

export type RefundTask = {
  readonly refundId: number;
  /** `lost`: a process died while it asked, so nobody knows whether the gateway was told. */
  readonly kind: "send" | "poll" | "lost";
};

/** The tries that something is to be done about. A claim is a lease on the database's clock. */
export interface RefundQueue {
  /** Up to `limit` due tries. One that is READY is SENDING from here on, for good: it is never claimed to be sent twice. */
  claimDue(limit: number): Promise<readonly RefundTask[]>;
}
