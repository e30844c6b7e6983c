import { create } from "@bufbuild/protobuf";
import {
  RefundOrigin as Origin,
  type Refund as RefundMessage,
  RefundSchema,
  RefundStatus as Status,
} from "@oi/proto/payments/v1/refund";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { Refund, RefundStatus } from "../../domain/refund.ts";

const STATUS: Readonly<Record<RefundStatus, Status>> = {
  AWAITING_APPROVAL: Status.AWAITING_APPROVAL,
  PENDING: Status.PENDING,
  SUCCEEDED: Status.SUCCEEDED,
  FAILED: Status.FAILED,
  REJECTED: Status.REJECTED,
};

export function refundStatusMessage(status: RefundStatus): Status {
  return STATUS[status];
}

/** A refund as it travels, in answers and in events. */
export function refundMessage(refund: Refund): RefundMessage {
  const { scope, ...rest } = {
    approvedBy: null,
    gatewayRefundId: null,
    failureReason: null,
    rejectedBy: null,
    ...refund,
  };
  return create(RefundSchema, {
    id: BigInt(refund.id),
    paymentId: BigInt(refund.paymentId),
    applicationId: BigInt(scope.applicationId),
    mode: modeToProto(scope.mode),
    amount: refund.amount,
    reason: refund.reason,
    status: STATUS[refund.status],
    origin: Origin[refund.origin],
    originRef: refund.originRef,
    createdBy: refund.createdBy,
    createdAt: toTimestamp(refund.createdAt),
    updatedAt: toTimestamp(refund.updatedAt),
    version: BigInt(refund.version),
    ...(rest.gatewayRefundId === null ? {} : { gatewayRefundId: rest.gatewayRefundId }),
    ...(rest.approvedBy === null ? {} : { approvedBy: rest.approvedBy }),
    ...(rest.failureReason === null ? {} : { failureReason: rest.failureReason }),
    ...(rest.rejectedBy === null ? {} : { rejectedBy: rest.rejectedBy }),
  });
}
