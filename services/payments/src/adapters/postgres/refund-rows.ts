import type { RecordedCharge } from "../../domain/charge.ts";
import type { PaymentMethod } from "../../domain/gateway.ts";
import type { Refund, RefundOrigin, RefundStatus } from "../../domain/refund.ts";
import type { RefundAttempt, RefundAttemptState } from "../../domain/refund-attempt.ts";
import { instant, instantOrNull } from "./rows.ts";

export type RefundRow = {
  readonly id: string;
  readonly reference: string;
  readonly payment_id: string;
  readonly application_id: string;
  readonly mode: "TEST" | "LIVE";
  readonly charge_id: string;
  readonly origin: RefundOrigin;
  readonly origin_ref: string;
  readonly status: RefundStatus;
  readonly amount_minor: string;
  readonly currency: string;
  readonly gateway_minor: string;
  readonly gateway_currency: string;
  readonly reason: string;
  readonly created_by: string;
  readonly decided_by: string | null;
  readonly gateway_refund_id: string | null;
  readonly failure_reason: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version: string;
};

export function toRefund(row: RefundRow): Refund {
  const facts = {
    id: Number(row.id),
    reference: row.reference,
    paymentId: Number(row.payment_id),
    scope: { applicationId: Number(row.application_id), mode: row.mode },
    chargeId: Number(row.charge_id),
    amount: { amountMinor: BigInt(row.amount_minor), currency: row.currency },
    gatewayAmount: { amountMinor: BigInt(row.gateway_minor), currency: row.gateway_currency },
    origin: row.origin,
    originRef: row.origin_ref,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
    version: Number(row.version),
  };
  const asked = { approvedBy: row.decided_by, gatewayRefundId: row.gateway_refund_id };
  switch (row.status) {
    case "AWAITING_APPROVAL":
      return { ...facts, status: row.status };
    case "PENDING":
    case "SUCCEEDED":
      return { ...facts, ...asked, status: row.status };
    case "FAILED":
      return { ...facts, ...asked, status: row.status, failureReason: row.failure_reason ?? "" };
    case "REJECTED":
      return {
        ...facts,
        status: row.status,
        rejectedBy: row.decided_by ?? "",
        failureReason: row.failure_reason,
      };
  }
}

export type RefundAttemptRow = {
  readonly id: string;
  readonly no: number;
  readonly account: string;
  readonly merchant_refund_ref: string;
  readonly state: RefundAttemptState;
  readonly gateway_refund_id: string | null;
  readonly reason: string | null;
  readonly accepted_at: Date | null;
  readonly next_at: Date | null;
  readonly created_at: Date;
};

export function toRefundAttempt(row: RefundAttemptRow): RefundAttempt {
  return {
    id: Number(row.id),
    no: row.no,
    account: row.account,
    merchantRefundRef: row.merchant_refund_ref,
    state: row.state,
    gatewayRefundId: row.gateway_refund_id,
    reason: row.reason,
    acceptedAt: instantOrNull(row.accepted_at),
    nextAt: instantOrNull(row.next_at),
    createdAt: instant(row.created_at),
  };
}

export type ChargeRow = {
  readonly id: string;
  readonly attempt_id: string;
  readonly kind: RecordedCharge["kind"];
  readonly account: string;
  readonly gateway_ref: string;
  readonly gateway_txn_id: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly gross_minor: string;
  readonly settled_minor: string | null;
  readonly settled_currency: string;
  readonly method: PaymentMethod;
  readonly validated: boolean;
  readonly recorded_at: Date;
};

export function toCharge(row: ChargeRow): RecordedCharge {
  const { settled_currency: currency, settled_minor: settledMinor } = row;
  return {
    id: Number(row.id),
    attemptId: Number(row.attempt_id),
    kind: row.kind,
    account: row.account,
    gatewayRef: row.gateway_ref,
    gatewayTxnId: row.gateway_txn_id,
    charged: { amountMinor: BigInt(row.amount_minor), currency: row.currency },
    gross: { amountMinor: BigInt(row.gross_minor), currency },
    settled: settledMinor === null ? null : { amountMinor: BigInt(settledMinor), currency },
    method: row.method,
    validated: row.validated,
    recordedAt: instant(row.recorded_at),
  };
}
