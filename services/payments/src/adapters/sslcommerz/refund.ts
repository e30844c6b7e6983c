import type { RefundOrder, RefundOutcome } from "../../domain/gateway.ts";
import type { Account } from "./account.ts";
import { type Answer, unknown } from "./answer.ts";
import { readConnect } from "./connect-status.ts";
import { cleanText, type Fields, readClean, readReference, readWord } from "./fields.ts";
import { formatAmount } from "./money-text.ts";

/** Why no refund can be asked for; null when it can. The amount of a foreign payment is converted by the caller. */
export function refundProblem({ amount, gatewayTxnId, merchantRefundRef }: RefundOrder): string | null {
  if (amount.currency !== "BDT") return "Refunds are made in BDT";
  if (formatAmount(amount) === null) return "Amount out of limits";
  if (!/^[A-Za-z0-9_-]{1,30}$/.test(merchantRefundRef)) return "Refund reference is malformed";
  return /^[\x21-\x7e]{1,80}$/.test(gatewayTxnId) ? null : "Gateway transaction id is malformed";
}

/** `refund_trans_id` is mandatory since 2025-02-24. */
export function refundParams(order: RefundOrder): Record<string, string> {
  const remarks = cleanText(order.reason, 255);
  return {
    bank_tran_id: order.gatewayTxnId,
    refund_trans_id: order.merchantRefundRef,
    refund_amount: formatAmount(order.amount) ?? "",
    refund_remarks: remarks === "" ? `Refund ${order.merchantRefundRef}` : remarks,
    refe_id: String(order.refundId),
  };
}

const differs = (fields: Fields, name: string, expected: string): boolean => {
  const given = readReference(fields, name);
  return given !== null && given !== expected;
};

const reasonOf = (fields: Fields): string => {
  const reason = readClean(fields, "errorReason", 255);
  return reason === "" ? readWord(fields, "status") : reason;
};

/** `success` and `processing` mean queued, never that the money is back: the status decides that. */
export function readRefund(answer: Answer, order: RefundOrder, account: Account): RefundOutcome {
  if (!answer.answered) return answer.unknown;
  const { fields } = answer;
  const gatewayRefundId = readReference(fields, "refund_ref_id");
  const refusal = readConnect(fields, true);
  if (refusal !== null) {
    const isDefinite =
      account.refusedRefundIsFinal && refusal.cause === "refused_at_door" && gatewayRefundId === null;
    return isDefinite ? { outcome: "rejected", reason: reasonOf(fields) } : refusal;
  }
  if (differs(fields, "bank_tran_id", order.gatewayTxnId)) return unknown("contradiction");
  const status = readWord(fields, "status");
  if (status === "FAILED") return { outcome: "rejected", reason: reasonOf(fields) };
  if (status === "SUCCESS" || status === "PROCESSING") {
    return gatewayRefundId === null ? unknown("contradiction") : { outcome: "accepted", gatewayRefundId };
  }
  return unknown(status === "" ? "contradiction" : "unlisted_status");
}

/** Only REFUNDED means that the money is on its way back to the customer. */
export function readRefundStatus(answer: Answer, gatewayRefundId: string): RefundOutcome {
  if (!answer.answered) return answer.unknown;
  const { fields } = answer;
  const refusal = readConnect(fields, true);
  if (refusal !== null) return refusal;
  if (differs(fields, "refund_ref_id", gatewayRefundId)) return unknown("contradiction");
  const status = readWord(fields, "status");
  if (status === "REFUNDED") return { outcome: "succeeded", gatewayRefundId };
  if (status === "PROCESSING") return { outcome: "accepted", gatewayRefundId };
  if (status === "CANCELLED") return { outcome: "rejected", reason: reasonOf(fields) };
  return unknown(status === "" ? "contradiction" : "unlisted_status");
}
