import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import type { Refund } from "@oi/proto/payments/v1/refund";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { type RefundDto, refundDto } from "@oi/proto/public/refund-dto";
import { fromTimestamp } from "@oi/proto/public/time";
import type { Refunds } from "../../application/refund-ports.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";
import { present, required, scopeFields } from "./request-fields.ts";

function render(refund: Refund | undefined): RefundDto {
  return refundDto(required(refund, "refund"));
}

export function rpcRefunds(transport: Transport): Refunds {
  const client = rpcClient(RefundsService, transport);
  return {
    create: async (scope, paymentId, { amountMinor, reason }, idempotencyKey, trace) => {
      const { requestId } = trace;
      const fields = {
        paymentId: BigInt(paymentId),
        amountMinor: BigInt(amountMinor),
        ...present({ reason }),
      };
      const request = { ...scopeFields(scope), ...fields, idempotencyKey, requestId };
      const answer = await rpc(client.createRefund(request, callOptions(trace, DEADLINE_MS.store)));
      return {
        refund: render(answer.refund),
        replayed: answer.replayed,
        answeredAt: fromTimestamp(required(answer.answeredAt, "answered_at")),
        firstRequestId: answer.firstRequestId,
      };
    },
    byId: async (scope, id, trace) => {
      const request = { ...scopeFields(scope), refundId: BigInt(id) };
      return render((await rpc(client.getRefund(request, callOptions(trace, DEADLINE_MS.store)))).refund);
    },
    ofPayment: async (scope, paymentId, { page, size, ascending }, trace) => {
      const paging = { pageSize: size, skip: page * size, ascending };
      const request = { ...scopeFields(scope), paymentId: BigInt(paymentId), ...paging };
      const answer = await rpc(client.listRefunds(request, callOptions(trace, DEADLINE_MS.store)));
      return { refunds: answer.refunds.map(refundDto), totalElements: answer.totalSize };
    },
  };
}
