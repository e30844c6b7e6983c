import { DomainError } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Money } from "@oi/kernel/money";
import type { Scope } from "@oi/kernel/scope";

/** Whose money goes back: what the payment earned, money that came late or twice, or other money than was asked. */
export type RefundOrigin = "MERCHANT" | "LATE_MONEY" | "MISMATCH";

/** Who returns late money by itself. */
export const LATE_MONEY_ACTOR = "system:late-money";

type Facts = {
  readonly id: number;
  /** `rf_` and 22 base58 characters; with the number of the try it is what the gateway knows the refund by. */
  readonly reference: string;
  readonly paymentId: number;
  readonly scope: Scope;
  /** The charge that is given back, or a part of it. */
  readonly chargeId: number;
  readonly amount: Money;
  /** The same in the currency that the gateway settles in, which is what it is asked for. */
  readonly gatewayAmount: Money;
  readonly origin: RefundOrigin;
  /** The receipt of late money, the attempt of a mismatch; empty for what the payment earned. */
  readonly originRef: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Rises by one with every change of status. */
  readonly version: number;
};

type Asked = {
  /** The operator who agreed; null when nobody had to. */
  readonly approvedBy: string | null;
  readonly gatewayRefundId: string | null;
};

export type AwaitingRefund = Facts & { readonly status: "AWAITING_APPROVAL" };
export type PendingRefund = Facts & Asked & { readonly status: "PENDING" };
type SucceededRefund = Facts & Asked & { readonly status: "SUCCEEDED" };
type FailedRefund = Facts & Asked & { readonly status: "FAILED"; readonly failureReason: string };
type RejectedRefund = Facts & {
  readonly status: "REJECTED";
  readonly rejectedBy: string;
  readonly failureReason: string | null;
};

export type Refund = AwaitingRefund | PendingRefund | SucceededRefund | FailedRefund | RejectedRefund;
export type RefundStatus = Refund["status"];

export type NewRefund = Omit<Facts, "createdAt" | "updatedAt" | "version"> & {
  readonly needsApproval: boolean;
};

export function newRefund(wish: NewRefund, now: Instant): AwaitingRefund | PendingRefund {
  const { needsApproval, ...facts } = wish;
  const fresh = { ...facts, createdAt: now, updatedAt: now, version: 1 };
  return needsApproval
    ? { ...fresh, status: "AWAITING_APPROVAL" }
    : { ...fresh, status: "PENDING", approvedBy: null, gatewayRefundId: null };
}

/** AWAITING_APPROVAL → PENDING. Raises FORBIDDEN for whoever asked, INVALID_OPERATION_STATE for a decided refund. */
export function approve(refund: Refund, actor: string, now: Instant): PendingRefund {
  const { status: _, ...facts } = mayDecide(refund, actor);
  return {
    ...facts,
    status: "PENDING",
    approvedBy: actor,
    gatewayRefundId: null,
    version: refund.version + 1,
    updatedAt: now,
  };
}

/** AWAITING_APPROVAL → REJECTED. Raises what {@link approve} raises. */
export function reject(refund: Refund, actor: string, reason: string | null, now: Instant): RejectedRefund {
  const { status: _, ...facts } = mayDecide(refund, actor);
  return {
    ...facts,
    status: "REJECTED",
    rejectedBy: actor,
    failureReason: reason,
    version: refund.version + 1,
    updatedAt: now,
  };
}

function mayDecide(refund: Refund, actor: string): AwaitingRefund {
  if (refund.status !== "AWAITING_APPROVAL") {
    const message = `The refund is ${refund.status.toLowerCase()}; there is nothing to decide.`;
    throw new DomainError("INVALID_OPERATION_STATE", message, { metadata: { status: refund.status } });
  }
  if (refund.createdBy === actor) {
    throw new DomainError(
      "FORBIDDEN",
      "Another operator than the one who asked for the refund has to decide.",
    );
  }
  return refund;
}

/** PENDING → SUCCEEDED: the gateway itself said that the money went back. */
export function succeed(refund: PendingRefund, gatewayRefundId: string, now: Instant): SucceededRefund {
  return { ...refund, status: "SUCCEEDED", gatewayRefundId, version: refund.version + 1, updatedAt: now };
}

/** PENDING → FAILED: the gateway itself said that no money went back. */
export function fail(refund: PendingRefund, failureReason: string, now: Instant): FailedRefund {
  return { ...refund, status: "FAILED", failureReason, version: refund.version + 1, updatedAt: now };
}

/** FAILED and REJECTED free their part of what can be refunded; the others hold it. */
export function holdsItsAmount({ status }: Refund): boolean {
  return status !== "FAILED" && status !== "REJECTED";
}
