import type { ServiceImpl } from "@connectrpc/connect";
import {
  type CreateOperatorRefundRequest,
  type CreateRefundRequest,
  ReviewReason as Reason,
  type RefundsService,
  type ResolveUnknownRefundRequest,
  ReviewReasonSchema,
} from "@oi/proto/payments/v1/refunds_service";
import { enumName } from "@oi/proto/public/enum-name";
import { toTimestamp } from "@oi/proto/public/time";
import type { CreateRefund, RefundWish } from "../../application/create-refund.ts";
import type { DecideRefund } from "../../application/decide-refund.ts";
import type { GetRefund, ListRefunds } from "../../application/get-refund.ts";
import type { ResolveReview } from "../../application/resolve-review.ts";
import type { ReviewReason } from "../../domain/payment.ts";
import type { RefundFinding } from "../../domain/refund-judgement.ts";
import { operatorOf } from "./actor.ts";
import type { Fingerprint } from "./create-payment-request.ts";
import type { PaymentMapper } from "./payment-message.ts";
import { refundMessage } from "./refund-message.ts";
import { safeId, scopeOf } from "./request-scope.ts";

type Ports = {
  readonly createRefund: CreateRefund;
  readonly decideRefund: DecideRefund;
  readonly getRefund: GetRefund;
  readonly listRefunds: ListRefunds;
  readonly resolveReview: ResolveReview;
  readonly fingerprint: Fingerprint;
  readonly paymentMessage: PaymentMapper;
};

const ROUTE = "POST /payments/{id}/refunds";
const OPERATOR_ROUTE = "CreateOperatorRefund";

const refundOf = (request: { refundId: bigint } & Parameters<typeof scopeOf>[0]) => ({
  id: safeId(request.refundId),
  scope: scopeOf(request),
});

export function refundsService(ports: Ports): ServiceImpl<typeof RefundsService> {
  return {
    async createRefund(request) {
      const wish = { ...readWish(request), receiptId: null, byOperator: false };
      const created = await ports.createRefund(
        { ...wish, createdBy: `app:${request.applicationId}` },
        readRequest(request, ports.fingerprint, ROUTE, {}),
      );
      return {
        refund: refundMessage(created.refund),
        replayed: created.replayed,
        answeredAt: toTimestamp(created.answeredAt),
        firstRequestId: created.firstRequestId,
        renderVersion: created.renderVersion,
      };
    },
    async createOperatorRefund(request, context) {
      const createdBy = operatorOf(context);
      const receiptId = request.receiptId === undefined ? null : safeId(request.receiptId);
      const wish = { ...readWish(request), receiptId, byOperator: true, createdBy };
      const more = { receiptId: receiptId === null ? null : String(receiptId), createdBy };
      const created = await ports.createRefund(
        wish,
        readRequest(request, ports.fingerprint, OPERATOR_ROUTE, more),
      );
      return { refund: refundMessage(created.refund), replayed: created.replayed };
    },
    async approveRefund(request, context) {
      const decided = await ports.decideRefund(refundOf(request), operatorOf(context), { kind: "approve" });
      return { refund: refundMessage(decided) };
    },
    async rejectRefund(request, context) {
      const decision = { kind: "reject", reason: request.reason || null } as const;
      return {
        refund: refundMessage(await ports.decideRefund(refundOf(request), operatorOf(context), decision)),
      };
    },
    async resolveUnknownRefund(request, context) {
      const decision = { kind: "resolve", finding: readFinding(request) } as const;
      return {
        refund: refundMessage(await ports.decideRefund(refundOf(request), operatorOf(context), decision)),
      };
    },
    async getRefund(request) {
      return { refund: refundMessage(await ports.getRefund(safeId(request.refundId), scopeOf(request))) };
    },
    async listRefunds(request) {
      const refunds = await ports.listRefunds(safeId(request.paymentId), scopeOf(request));
      return { refunds: refunds.map(refundMessage) };
    },
    async resolveReview(request, context) {
      const reason = enumName(ReviewReasonSchema, request.reason) as ReviewReason;
      const wish = { reason, actor: operatorOf(context), note: request.note };
      const payment = await ports.resolveReview(safeId(request.paymentId), scopeOf(request), wish);
      return {
        payment: ports.paymentMessage(payment),
        remaining: payment.reviewReasons.map((name) => Reason[name]),
      };
    },
  };
}

function readWish(
  request: CreateRefundRequest | CreateOperatorRefundRequest,
): Pick<RefundWish, "scope" | "paymentId" | "amountMinor" | "reason"> {
  const { amountMinor, reason = "" } = request;
  return { scope: scopeOf(request), paymentId: safeId(request.paymentId), amountMinor, reason };
}

/** The key with the fingerprint of path parameters and fields as sent; the same for both doors. */
function readRequest(
  request: CreateRefundRequest | CreateOperatorRefundRequest,
  fingerprint: Fingerprint,
  route: string,
  more: Readonly<Record<string, string | null>>,
) {
  const { requestId, idempotencyKey: key, paymentId, amountMinor, reason } = request;
  if (key === "") return { requestId, idempotency: null };
  const fields = {
    paymentId: paymentId.toString(),
    amountMinor: amountMinor.toString(),
    reason: reason ?? null,
    ...more,
  };
  return { requestId, idempotency: { route, key, fingerprint: fingerprint(route, fields) } };
}

function readFinding({ finding }: ResolveUnknownRefundRequest): RefundFinding {
  return finding.case === "gatewayRefundId"
    ? { kind: "executed", gatewayRefundId: finding.value }
    : { kind: "not_executed" };
}
