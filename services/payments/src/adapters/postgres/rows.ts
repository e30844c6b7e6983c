import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { Application, LatePaymentPolicy } from "../../domain/application.ts";
import type { Attempt, AttemptState } from "../../domain/attempt.ts";
import type { GatewayKind } from "../../domain/gateway.ts";
import { isPaid, type Payment, type PaymentStatus, type ReviewReason } from "../../domain/payment.ts";

/** Times are whole milliseconds by our own writing, so a Date holds them exactly. */
export const instant = (date: Date): Instant => date.getTime();
export const instantOrNull = (date: Date | null): Instant | null => date?.getTime() ?? null;
const bigintOrNull = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

export type PaymentRow = {
  readonly id: string;
  readonly application_id: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly status: PaymentStatus;
  readonly amount_minor: string;
  readonly currency: string;
  readonly customer_reference: string;
  readonly customer_email: string | null;
  readonly customer_phone: string | null;
  readonly customer_name: string | null;
  readonly product_name: string | null;
  readonly redirect_url: string | null;
  readonly gateway: GatewayKind;
  readonly gateway_txn_id: string | null;
  readonly failure_reason: string | null;
  readonly risk_level: 0 | 1 | null;
  readonly review_reasons: ReviewReason[];
  readonly refunded_minor: string;
  readonly paid_at: Date | null;
  readonly expires_at: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version: string;
  readonly revision: string;
};

export function toPayment(row: PaymentRow): Payment {
  const facts = {
    id: Number(row.id),
    reference: row.reference,
    scope: { applicationId: Number(row.application_id), mode: row.mode },
    amount: { amountMinor: BigInt(row.amount_minor), currency: row.currency },
    customer: {
      reference: row.customer_reference,
      email: row.customer_email,
      phone: row.customer_phone,
      name: row.customer_name,
    },
    productName: row.product_name,
    redirectUrl: row.redirect_url,
    gateway: row.gateway,
    reviewReasons: row.review_reasons,
    expiresAt: instant(row.expires_at),
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
    version: Number(row.version),
    revision: Number(row.revision),
  };
  const { status } = row;
  switch (status) {
    case "CREATED":
    case "PENDING":
      return { ...facts, status };
    case "FAILED":
    case "CANCELLED":
    case "EXPIRED":
      return { ...facts, status, failureReason: row.failure_reason };
    default:
      return { ...facts, status, paid: paidOf(row) };
  }
}

function paidOf(row: PaymentRow): {
  at: Instant;
  gatewayTxnId: string;
  riskLevel: 0 | 1;
  refundedMinor: bigint;
} {
  if (row.paid_at === null || row.gateway_txn_id === null)
    throw new Error(`payment ${row.id} is paid without proof`);
  return {
    at: instant(row.paid_at),
    gatewayTxnId: row.gateway_txn_id,
    riskLevel: row.risk_level ?? 0,
    refundedMinor: BigInt(row.refunded_minor),
  };
}

/** The columns that a status brings with it. */
export function outcomeColumns(payment: Payment) {
  const paid = isPaid(payment) ? payment.paid : null;
  return {
    gatewayTxnId: paid?.gatewayTxnId ?? null,
    riskLevel: paid?.riskLevel ?? null,
    paidAt: paid ? new Date(paid.at) : null,
    paidMinor: paid ? payment.amount.amountMinor.toString() : "0",
    refundedMinor: (paid?.refundedMinor ?? 0n).toString(),
    failureReason: "failureReason" in payment ? payment.failureReason : null,
  };
}

export type AttemptRow = {
  readonly id: string;
  readonly no: number;
  readonly account: string;
  readonly merchant_ref: string;
  readonly state: AttemptState;
  readonly session_key: string | null;
  readonly redirect_url: string | null;
  readonly reason: string | null;
  readonly hint: string | null;
  readonly failed_at: Date | null;
  readonly doubt_ref: string | null;
  readonly doubt_at: Date | null;
  readonly next_inquiry_at: Date | null;
  readonly paid_at: Date | null;
  readonly created_at: Date;
};

/** A row inside a JSON value, where times are text. */
export type AttemptJson = Omit<
  AttemptRow,
  "failed_at" | "doubt_at" | "next_inquiry_at" | "paid_at" | "created_at"
> & {
  readonly paid_at: string | null;
  readonly failed_at: string | null;
  readonly doubt_at: string | null;
  readonly next_inquiry_at: string | null;
  readonly created_at: string;
};

export function rowFromJson(json: AttemptJson): AttemptRow {
  const at = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return {
    ...json,
    failed_at: at(json.failed_at),
    doubt_at: at(json.doubt_at),
    next_inquiry_at: at(json.next_inquiry_at),
    paid_at: at(json.paid_at),
    created_at: new Date(json.created_at),
  };
}

export function toAttempt(row: AttemptRow): Attempt {
  const { doubt_ref: gatewayRef, doubt_at: at } = row;
  return {
    id: Number(row.id),
    no: row.no,
    account: row.account,
    merchantRef: row.merchant_ref,
    state: row.state,
    sessionKey: row.session_key,
    redirectUrl: row.redirect_url,
    reason: row.reason,
    hint: row.hint,
    failedAt: instantOrNull(row.failed_at),
    doubt: gatewayRef !== null && at !== null ? { gatewayRef, at: instant(at) } : null,
    nextInquiryAt: instantOrNull(row.next_inquiry_at),
    paidAt: instantOrNull(row.paid_at),
    createdAt: instant(row.created_at),
  };
}

export type ApplicationRow = {
  readonly id: string;
  readonly name: string;
  readonly webhook_url: string | null;
  readonly receipts_enabled: boolean;
  readonly refund_approval_threshold_minor: string | null;
  readonly min_amount_minor: string | null;
  readonly max_amount_minor: string | null;
  readonly late_payment_policy: LatePaymentPolicy;
  readonly version: string;
  readonly created_at: Date;
  readonly updated_at: Date;
};

export function toApplication(row: ApplicationRow): Application {
  return {
    id: Number(row.id),
    name: row.name,
    webhookUrl: row.webhook_url,
    receiptsEnabled: row.receipts_enabled,
    refundApprovalThresholdMinor: bigintOrNull(row.refund_approval_threshold_minor),
    minAmountMinor: bigintOrNull(row.min_amount_minor),
    maxAmountMinor: bigintOrNull(row.max_amount_minor),
    latePaymentPolicy: row.late_payment_policy,
    version: Number(row.version),
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  };
}
