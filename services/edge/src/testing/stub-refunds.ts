import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { DomainError, notFound } from "@oi/kernel/errors";
import type { Mode } from "@oi/proto/common/v1/mode";
import type { ReceiptSchema } from "@oi/proto/payments/v1/receipt";
import { type Refund, RefundSchema, RefundStatus } from "@oi/proto/payments/v1/refund";
import type {
  CreateRefundRequest,
  ListRefundsRequest,
  RefundsService,
} from "@oi/proto/payments/v1/refunds_service";
import { toTimestamp } from "@oi/proto/public/time";

export type StubRefunds = {
  readonly refundsAsked: CreateRefundRequest[];
  readonly refundsListed: ListRefundsRequest[];
};

type Scoped = { readonly applicationId: bigint; readonly mode: Mode };
type Arrive = (name: string, context: { readonly requestHeader: Headers }) => void;

const AT = Date.parse("2026-06-04T12:00:00.250Z");
/** What can be refunded of every payment. */
export const REFUNDABLE = 10_000n;

function refundOf(
  id: number,
  { paymentId, applicationId, mode, amountMinor, reason }: CreateRefundRequest,
): Refund {
  return create(RefundSchema, {
    id: BigInt(id),
    paymentId,
    applicationId,
    mode,
    amount: { amountMinor, currency: "BDT" },
    reason: reason ?? "",
    status: RefundStatus.PENDING,
    createdBy: `app:${applicationId}`,
    createdAt: toTimestamp(AT),
    updatedAt: toTimestamp(AT),
  });
}

function isOf({ applicationId, mode }: Scoped): (other: Scoped) => boolean {
  return (other) => other.applicationId === applicationId && other.mode === mode;
}

/** Refunds of a few lines: `hasPayment` says whose payments there are. */
export function refundsService(
  stub: StubRefunds,
  arrive: Arrive,
  hasPayment: (id: bigint, scope: Scoped) => boolean,
): Partial<ServiceImpl<typeof RefundsService>> {
  const made: Refund[] = [];
  const answers = new Map<string, { refund: Refund; firstRequestId: string; body: string }>();
  return {
    createRefund: (request, context) => {
      arrive("CreateRefund", context);
      stub.refundsAsked.push(request);
      const { paymentId, amountMinor, reason, idempotencyKey, requestId } = request;
      if (!hasPayment(paymentId, request)) throw notFound("Payment");
      const body = `${paymentId} ${amountMinor} ${reason}`;
      const known = answers.get(idempotencyKey);
      if (known && known.body !== body) throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "Used before.");
      if (amountMinor > REFUNDABLE) throw new DomainError("INVALID_OPERATION_STATE", "Too much.");
      const answer = known ?? { refund: refundOf(made.length + 1, request), firstRequestId: requestId, body };
      if (!known) made.push(answer.refund);
      if (idempotencyKey !== "") answers.set(idempotencyKey, answer);
      const { refund, firstRequestId } = answer;
      const replayed = known !== undefined;
      return { refund, firstRequestId, replayed, answeredAt: toTimestamp(AT + 7), renderVersion: 1 };
    },
    getRefund: (request, context) => {
      arrive("GetRefund", context);
      const refund = made.filter(isOf(request)).find(({ id }) => id === request.refundId);
      if (!refund) throw notFound("Refund");
      return { refund };
    },
    listRefunds: (request, context) => {
      arrive("ListRefunds", context);
      stub.refundsListed.push(request);
      if (!hasPayment(request.paymentId, request)) throw notFound("Payment");
      const all = made.filter(({ paymentId }) => paymentId === request.paymentId);
      return { refunds: all.slice(0, request.pageSize), totalSize: all.length };
    },
  };
}

/** The receipt that every payment has. */
export const RECEIPT: MessageInitShape<typeof ReceiptSchema> = {
  receiptNumber: 3n,
  issuedAt: toTimestamp(AT),
  applicationName: "Storefront",
  mode: 1,
  paymentReference: "pay_1111111111111111111111",
  amount: { amountMinor: 10_000n, currency: "BDT" },
  amountDisplay: "৳100.00",
  paidAt: toTimestamp(AT),
  method: { channel: "VISA-Test", brand: "VISA", issuer: "Bank", country: "BD", last4: "1111" },
  gatewayTxnId: "bank_1",
  customerReference: "cust_123",
  customerPhone: "+8801712345678",
  refunds: [
    {
      id: 7n,
      amount: { amountMinor: 2_500n, currency: "BDT" },
      amountDisplay: "৳25.00",
      status: RefundStatus.SUCCEEDED,
      createdAt: toTimestamp(AT),
    },
  ],
  netMinor: 7_500n,
  netDisplay: "৳75.00",
  amountInWords: { en: "One hundred taka only", bn: "একশত টাকা মাত্র" },
  verificationUrl: "http://localhost:8080/checkout/pay_1111111111111111111111/receipt",
};
