import { ModeSchema } from "../../gen/oi/common/v1/mode_pb.ts";
import { type Refund, RefundStatusSchema } from "../../gen/oi/payments/v1/refund_pb.ts";
import { enumName } from "./enum-name.ts";
import { exactNumber } from "./exact-number.ts";
import { isoOrNull } from "./time.ts";

/** The public shape of a refund: the REST answer's `data` and a webhook's `data`. Every key is always present. */
export type RefundDto = {
  readonly id: number;
  readonly paymentId: number;
  readonly mode: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: string | null;
  readonly status: string;
  readonly gatewayRefundId: string | null;
  readonly createdBy: string;
  readonly approvedBy: string | null;
  readonly failureReason: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
};

/** The one rendering of a refund for the public; edge and webhooks call this same function. */
export function refundDto(refund: Refund): RefundDto {
  return {
    id: exactNumber(refund.id),
    paymentId: exactNumber(refund.paymentId),
    mode: enumName(ModeSchema, refund.mode),
    amountMinor: exactNumber(refund.amount?.amountMinor ?? 0n),
    currency: refund.amount?.currency ?? "",
    reason: refund.reason === "" ? null : refund.reason,
    status: enumName(RefundStatusSchema, refund.status),
    gatewayRefundId: refund.gatewayRefundId ?? null,
    createdBy: refund.createdBy,
    approvedBy: refund.approvedBy ?? null,
    failureReason: refund.failureReason ?? null,
    createdAt: isoOrNull(refund.createdAt),
    updatedAt: isoOrNull(refund.updatedAt),
  };
}
