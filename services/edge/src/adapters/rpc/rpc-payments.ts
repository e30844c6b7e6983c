import { assert } from "@oi/kernel/assert";
import type { Scope } from "@oi/kernel/scope";
import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { type Payment, PaymentStatus } from "@oi/proto/payments/v1/payment";
import { PaymentSort, PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { type PaymentDto, paymentDto } from "@oi/proto/public/payment-dto";
import { modeToProto } from "@oi/proto/public/scope";
import { fromTimestamp, toTimestamp } from "@oi/proto/public/time";
import type { Payments } from "../../application/ports.ts";
import type { NewPayment, PaymentQuery, PaymentSort as SortName } from "../../domain/payment.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";

const SORTS: Readonly<Record<SortName, PaymentSort>> = {
  createdAt: PaymentSort.CREATED_AT,
  updatedAt: PaymentSort.UPDATED_AT,
  amountMinor: PaymentSort.AMOUNT_MINOR,
};

function scopeFields({ applicationId, mode }: Scope) {
  return { applicationId: BigInt(applicationId), mode: modeToProto(mode) };
}

/** A message's field cannot say "required" of an answer; a service that leaves this out is broken. */
function required<T>(value: T | undefined, name: string): T {
  assert(value !== undefined, `payments answered without ${name}`);
  return value;
}

function render(payment: Payment | undefined): PaymentDto {
  return paymentDto(required(payment, "payment"));
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** An absent field stays absent on the wire, so that payments sees what the merchant sent. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
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
  };
}
