import type { ServiceImpl } from "@connectrpc/connect";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import {
  type CreateOperatorRefundRequest,
  type CreateRefundRequest,
  ListRefundsRequestSchema,
  type RefundsService,
  type ResolveUnknownRefundRequest,
} from "@oi/proto/payments/v1/refunds_service";
import { toTimestamp } from "@oi/proto/public/time";
import type { CreateRefund, RefundWish } from "../../application/create-refund.ts";
import type { DecideRefund } from "../../application/decide-refund.ts";
import type { GetRefund, ListRefunds } from "../../application/get-refund.ts";
import type { RefundFinding } from "../../domain/refund-judgement.ts";
import { countedPageEnd, readCountedPage } from "./counted-page.ts";
import { type Fingerprint, idempotencyOf } from "./idempotency-key.ts";
import { operatorOf } from "./operator.ts";
import { refundMessage } from "./refund-message.ts";
import { safeId, scopeOf } from "./request-scope.ts";
import { type ReviewPorts, reviewMethods } from "./review-methods.ts";

type Ports = ReviewPorts & {
  readonly createRefund: CreateRefund;
  readonly decideRefund: DecideRefund;
  readonly getRefund: GetRefund;
  readonly listRefunds: ListRefunds;
  readonly fingerprint: Fingerprint;
  readonly pageTokens: PageTokens;
};

type Methods<K extends keyof ServiceImpl<typeof RefundsService>> = Pick<
  ServiceImpl<typeof RefundsService>,
  K
>;

const ROUTE = "POST /payments/{id}/refunds";
const OPERATOR_ROUTE = "CreateOperatorRefund";
const RESOLVE_ROUTE = "ResolveUnknownRefund";

export function refundsService(ports: Ports): ServiceImpl<typeof RefundsService> {
  return { ...makingMethods(ports), ...decidingMethods(ports), ...reviewMethods(ports) };
}

function makingMethods(
  ports: Ports,
): Methods<"createRefund" | "createOperatorRefund" | "getRefund" | "listRefunds"> {
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
    async getRefund(request) {
      return { refund: refundMessage(await ports.getRefund(safeId(request.refundId), scopeOf(request))) };
    },
    async listRefunds(request) {
      const { ascending } = request;
      const page = { ...readCountedPage(ports.pageTokens, ListRefundsRequestSchema, request), ascending };
      const { refunds, total } = await ports.listRefunds(safeId(request.paymentId), scopeOf(request), page);
      const end = { ...page, shown: refunds.length, total };
      return {
        refunds: refunds.map(refundMessage),
        ...countedPageEnd(ports.pageTokens, ListRefundsRequestSchema, request, end),
      };
    },
  };
}

const refundOf = (request: { refundId: bigint } & Parameters<typeof scopeOf>[0]) => ({
  id: safeId(request.refundId),
  scope: scopeOf(request),
});

function decidingMethods({
  decideRefund,
  fingerprint,
}: Ports): Methods<"approveRefund" | "rejectRefund" | "resolveUnknownRefund"> {
  return {
    async approveRefund(request, context) {
      const decided = await decideRefund(refundOf(request), operatorOf(context), { kind: "approve" });
      return { refund: refundMessage(decided) };
    },
    async rejectRefund(request, context) {
      const decision = { kind: "reject", reason: request.reason || null } as const;
      return { refund: refundMessage(await decideRefund(refundOf(request), operatorOf(context), decision)) };
    },
    async resolveUnknownRefund(request, context) {
      const actor = operatorOf(context);
      const { refundId, finding, idempotencyKey } = request;
      const found = { finding: finding.case ?? null, found: finding.value ?? null };
      const fields = { refundId: refundId.toString(), ...found, actor };
      const key = idempotencyOf(fingerprint, RESOLVE_ROUTE, idempotencyKey, fields);
      const decision = { kind: "resolve", finding: readFinding(request) } as const;
      return { refund: refundMessage(await decideRefund(refundOf(request), actor, decision, key)) };
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
  const { requestId, idempotencyKey, paymentId, amountMinor, reason } = request;
  const fields = {
    paymentId: paymentId.toString(),
    amountMinor: amountMinor.toString(),
    reason: reason ?? null,
    ...more,
  };
  return { requestId, idempotency: idempotencyOf(fingerprint, route, idempotencyKey, fields) };
}

function readFinding({ finding }: ResolveUnknownRefundRequest): RefundFinding {
  return finding.case === "gatewayRefundId"
    ? { kind: "executed", gatewayRefundId: finding.value }
    : { kind: "not_executed" };
}
