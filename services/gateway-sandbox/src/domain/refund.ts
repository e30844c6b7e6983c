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
  /** When the money is back. */
  readonly refundedAt: Instant;
};

export type RefundStatus = "processing" | "refunded";

export function readRefundStatus(refund: Refund, now: Instant): RefundStatus {
  return now >= refund.refundedAt ? "refunded" : "processing";
}

export function sumRefunds(refunds: Iterable<Refund>, bankTranId: string): bigint {
  let sum = 0n;
  for (const refund of refunds) if (refund.bankTranId === bankTranId) sum += refund.amountMinor;
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
    refunded_on: status === "refunded" ? formatTranDate(refund.refundedAt) : "",
    status,
    errorReason: "",
  };
}
