import { formatTranDate, type Instant } from "./dhaka-time.ts";
import type { Fields } from "./signature.ts";

export type Refund = {
  readonly refundRefId: string;
  readonly refundTransId: string;
  readonly bankTranId: string;
  readonly tranId: string;
  readonly storeId: string;
  readonly amountMinor: bigint;
  readonly initiatedAt: Instant;
  /** When it ends, with the money back or not. */
  readonly endsAt: Instant;
  /** `processing`: it never ends. */
  readonly end: RefundStatus;
};

export const REFUND_STATUSES = ["processing", "refunded", "cancelled"] as const;

export type RefundStatus = (typeof REFUND_STATUSES)[number];

export function readRefundStatus(refund: Refund, now: Instant): RefundStatus {
  return now >= refund.endsAt ? refund.end : "processing";
}

/** What left or is leaving; a cancelled refund makes room for another. */
export function sumRefunds(refunds: Iterable<Refund>, bankTranId: string, now: Instant): bigint {
  let sum = 0n;
  for (const refund of refunds) {
    const counts = refund.bankTranId === bankTranId && readRefundStatus(refund, now) !== "cancelled";
    if (counts) sum += refund.amountMinor;
  }
  return sum;
}

export function describeRefundStatus(refund: Refund, now: Instant): Fields {
  const status = readRefundStatus(refund, now);
  return {
    APIConnect: "DONE",
    bank_tran_id: refund.bankTranId,
    tran_id: refund.tranId,
    refund_ref_id: refund.refundRefId,
    initiated_on: formatTranDate(refund.initiatedAt),
    refunded_on: status === "refunded" ? formatTranDate(refund.endsAt) : "",
    status,
    errorReason: status === "cancelled" ? "Cancelled by the bank" : "",
  };
}
