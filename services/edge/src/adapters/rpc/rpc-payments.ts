import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { type Payment, PaymentStatus } from "@oi/proto/payments/v1/payment";
import { PaymentSort, PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { type PaymentDto, paymentDto } from "@oi/proto/public/payment-dto";
import { receiptDto } from "@oi/proto/public/receipt-dto";
import { fromTimestamp, toTimestamp } from "@oi/proto/public/time";
import type { Payments } from "../../application/ports.ts";
import type { NewPayment, PaymentQuery, PaymentSort as SortName } from "../../domain/payment.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";
import { present, required, scopeFields } from "./request-fields.ts";

const SORTS: Readonly<Record<SortName, PaymentSort>> = {
  createdAt: PaymentSort.CREATED_AT,
  updatedAt: PaymentSort.UPDATED_AT,
  amountMinor: PaymentSort.AMOUNT_MINOR,
};

function render(payment: Payment | undefined): PaymentDto {
  return paymentDto(required(payment, "payment"));
}

function creationFields({ amountMinor, currency, ...rest }: NewPayment) {
  return { amount: { amountMinor: BigInt(amountMinor), currency }, ...present(rest) };
}

function listFields({ page, size, sortBy, status, from, to, ...query }: PaymentQuery) {
  return {
    ...present({ customerReference: query.customerReference, reference: query.reference }),
    status: PaymentStatus[status ?? "UNSPECIFIED"],
    ...(from === undefined ? {} : { from: toTimestamp(from) }),
    ...(to === undefined ? {} : { to: toTimestamp(to) }),
    sortBy: SORTS[sortBy],
    ascending: query.ascending,
    pageSize: size,
    skip: page * size,
  };
}

export function rpcPayments(transport: Transport): Payments {
  const client = rpcClient(PaymentsService, transport);
  return {
    create: async (scope, payment, idempotencyKey, trace) => {
      const { requestId } = trace;
      const request = { ...scopeFields(scope), ...creationFields(payment), idempotencyKey, requestId };
      const answer = await rpc(client.createPayment(request, callOptions(trace, DEADLINE_MS.store)));
      return {
        payment: render(answer.payment),
        replayed: answer.replayed,
        answeredAt: fromTimestamp(required(answer.answeredAt, "answered_at")),
        firstRequestId: answer.firstRequestId,
      };
    },
    byId: async (scope, id, trace) => {
      const request = { ...scopeFields(scope), key: { case: "id" as const, value: BigInt(id) } };
      return render((await rpc(client.getPayment(request, callOptions(trace, DEADLINE_MS.store)))).payment);
    },
    list: async (scope, query, trace) => {
      const request = { ...scopeFields(scope), ...listFields(query) };
      const answer = await rpc(client.listPayments(request, callOptions(trace, DEADLINE_MS.store)));
      return { payments: answer.payments.map(paymentDto), totalElements: answer.totalSize };
    },
    receipt: async (scope, paymentId, trace) => {
      const key = { case: "paymentId" as const, value: BigInt(paymentId) };
      const request = { ...scopeFields(scope), key };
      const answer = await rpc(client.getReceipt(request, callOptions(trace, DEADLINE_MS.store)));
      return receiptDto(required(answer.receipt, "receipt"));
    },
  };
}
