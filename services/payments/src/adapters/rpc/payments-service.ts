import type { ServiceImpl } from "@connectrpc/connect";
import { invalid } from "@oi/kernel/errors";
import {
  type ListPaymentsRequest,
  PaymentSort,
  type PaymentsService,
} from "@oi/proto/payments/v1/payments_service";
import { modeFromProto } from "@oi/proto/public/scope";
import { fromTimestamp, toTimestamp } from "@oi/proto/public/time";
import type { CreatePayment } from "../../application/create-payment.ts";
import type { GetPayment } from "../../application/get-payment.ts";
import type { ListPayments } from "../../application/list-payments.ts";
import type { PaymentFilter } from "../../application/ports.ts";
import { type Fingerprint, readIdempotency, readNewPayment } from "./create-payment-request.ts";
import { readPageToken, writePageToken } from "./page-token.ts";
import { type PaymentMapper, statusFrom } from "./payment-message.ts";

type Ports = {
  readonly createPayment: CreatePayment;
  readonly getPayment: GetPayment;
  readonly listPayments: ListPayments;
  readonly fingerprint: Fingerprint;
  readonly paymentMessage: PaymentMapper;
};

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

const scopeOf = (request: { applicationId: bigint; mode: Parameters<typeof modeFromProto>[0] }) => ({
  applicationId: Number(request.applicationId),
  mode: modeFromProto(request.mode),
});

export function paymentsService(ports: Ports): ServiceImpl<typeof PaymentsService> {
  return {
    async createPayment(request) {
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
    },
    async getPayment(request) {
      const key =
        request.key.case === "id"
          ? { id: safeId(request.key.value) }
          : { reference: request.key.value ?? "" };
      return { payment: ports.paymentMessage(await ports.getPayment(key, scopeOf(request))) };
    },
    async listPayments(request) {
      const filter = readFilter(request);
      const { payments, total } = await ports.listPayments(filter, scopeOf(request));
      const next = filter.skip + payments.length;
      return {
        payments: payments.map(ports.paymentMessage),
        totalSize: total,
        nextPageToken: payments.length === filter.limit && next < total ? writePageToken(next) : "",
      };
    },
  };
}

/** An id beyond 2^53-1 was never given out; 0 finds nothing. */
function safeId(id: bigint): number {
  return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : 0;
}

function readFilter(request: ListPaymentsRequest): PaymentFilter {
  if (request.pageToken !== "" && request.skip > 0) throw invalid({ skip: "does not go with pageToken" });
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
    skip: request.skip > 0 ? request.skip : readPageToken(request.pageToken),
    limit: Math.min(request.pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
  };
}
