import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { handleItems, type ItemOutcome } from "@oi/platform/rpc/batch";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import {
  type CreatePaymentRequest,
  CreatePaymentRequestSchema,
  type CreatePaymentResponseSchema,
  type ListPaymentsRequest,
  ListPaymentsRequestSchema,
  PaymentSort,
  type PaymentsService,
} from "@oi/proto/payments/v1/payments_service";
import { fromTimestamp, toTimestamp } from "@oi/proto/public/time";
import type { CreatePayment } from "../../application/create-payment.ts";
import type { GetPayment } from "../../application/get-payment.ts";
import type { GetReceipt } from "../../application/get-receipt.ts";
import type { GetTimeline } from "../../application/get-timeline.ts";
import type { ListPayments } from "../../application/list-payments.ts";
import type { PaymentFilter } from "../../application/ports.ts";
import { countedPageEnd, readCountedPage } from "./counted-page.ts";
import { readIdempotency, readNewPayment } from "./create-payment-request.ts";
import type { Fingerprint } from "./idempotency-key.ts";
import { type PaymentMapper, statusFrom } from "./payment-message.ts";
import type { ReceiptMapper } from "./receipt-message.ts";
import { safeId, scopeOf } from "./request-scope.ts";
import { timelineMessage } from "./timeline-message.ts";

type Ports = {
  readonly createPayment: CreatePayment;
  readonly getPayment: GetPayment;
  readonly listPayments: ListPayments;
  readonly fingerprint: Fingerprint;
  readonly paymentMessage: PaymentMapper;
  readonly getReceipt: GetReceipt;
  readonly getTimeline: GetTimeline;
  readonly receiptMessage: ReceiptMapper;
  readonly pageTokens: PageTokens;
};

export function paymentsService(ports: Ports): ServiceImpl<typeof PaymentsService> {
  const create = async (request: CreatePaymentRequest) => {
    const idempotency = readIdempotency(request, ports.fingerprint);
    const { requestId } = request;
    const created = await ports.createPayment(readNewPayment(request), { requestId, idempotency });
    return {
      payment: ports.paymentMessage(created.payment),
      replayed: created.replayed,
      answeredAt: toTimestamp(created.answeredAt),
      firstRequestId: created.firstRequestId,
      renderVersion: created.renderVersion,
    };
  };
  return {
    createPayment: create,
    async batchCreatePayments({ requests }, context) {
      const outcomes = await handleItems(CreatePaymentRequestSchema, requests, context, create);
      return { results: outcomes.map(resultOf) };
    },
    async getPayment(request) {
      const key =
        request.key.case === "id"
          ? { id: safeId(request.key.value) }
          : { reference: request.key.value ?? "" };
      return { payment: ports.paymentMessage(await ports.getPayment(key, scopeOf(request))) };
    },
    async getReceipt(request) {
      const key =
        request.key.case === "paymentId"
          ? { id: safeId(request.key.value) }
          : { reference: request.key.value ?? "" };
      return { receipt: ports.receiptMessage(await ports.getReceipt(key, scopeOf(request))) };
    },
    async getTimeline(request) {
      const { entries, truncated } = await ports.getTimeline(safeId(request.paymentId), scopeOf(request));
      return { entries: entries.map(timelineMessage), truncated };
    },
    async listPayments(request) {
      const filter = readFilter(request, ports.pageTokens);
      const { payments, total } = await ports.listPayments(filter, scopeOf(request));
      const page = { ...filter, shown: payments.length, total };
      return {
        payments: payments.map(ports.paymentMessage),
        ...countedPageEnd(ports.pageTokens, ListPaymentsRequestSchema, request, page),
      };
    },
  };
}

function resultOf(outcome: ItemOutcome<MessageInitShape<typeof CreatePaymentResponseSchema>>) {
  return "answer" in outcome
    ? { outcome: { case: "created" as const, value: outcome.answer } }
    : { outcome: { case: "refused" as const, value: outcome.refused } };
}

function readFilter(request: ListPaymentsRequest, pageTokens: PageTokens): PaymentFilter {
  const sortBy = {
    [PaymentSort.UPDATED_AT]: "updatedAt",
    [PaymentSort.AMOUNT_MINOR]: "amountMinor",
  } as const;
  return {
    customerReference: request.customerReference ?? null,
    reference: request.reference ?? null,
    status: statusFrom(request.status),
    from: request.from ? fromTimestamp(request.from) : null,
    to: request.to ? fromTimestamp(request.to) : null,
    sortBy: sortBy[request.sortBy as keyof typeof sortBy] ?? "createdAt",
    ascending: request.ascending,
    ...readCountedPage(pageTokens, ListPaymentsRequestSchema, request),
  };
}
