import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { DomainError, notFound } from "@oi/kernel/errors";
import { inMemoryTransport, type Transport } from "@oi/platform/rpc/client";
import { mountService } from "@oi/platform/rpc/service";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { type Payment, PaymentSchema, PaymentStatus } from "@oi/proto/payments/v1/payment";
import {
  type CreatePaymentRequest,
  type ListPaymentsRequest,
  PaymentsService,
} from "@oi/proto/payments/v1/payments_service";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import type { TimelineEntrySchema } from "@oi/proto/payments/v1/timeline";
import { toTimestamp } from "@oi/proto/public/time";
import type { Checkouts, Trace } from "../application/ports.ts";
import { checkoutService } from "./checkout-service.ts";
import { RECEIPT, refundsService, type StubRefunds } from "./stub-refunds.ts";
import { withUnused } from "./with-unused.ts";

export const API_KEY = "oi_test_key";
export const API_SECRET = "oi_test_secret_value";
/** The other mode of the same application, and another application. All have the same secret. */
export const LIVE_KEY = "oi_live_key";
export const STRANGER_KEY = "oi_test_stranger";

/** A payments service of a few lines, which counts what reaches it. */
export type StubPayments = StubRefunds & {
  readonly transport: Transport;
  readonly created: CreatePaymentRequest[];
  readonly listed: ListPaymentsRequest[];
  /** What GetTimeline tells of every payment. */
  history: readonly MessageInitShape<typeof TimelineEntrySchema>[];
  isHistoryCut: boolean;
  /** Method names in the order of the calls. */
  readonly calls: string[];
  readonly requestIds: (string | null)[];
  /** Raised by every call while it is set. */
  failure: unknown;
  /** Raised by opening alone while it is set. */
  openFailure: unknown;
  /** Awaited by every question for a credential while it is set. */
  gate: (() => Promise<void>) | null;
};

const CREATED_AT = Date.parse("2026-06-04T10:00:00.250Z");

function paymentOf(id: number, request: CreatePaymentRequest): Payment {
  const at = toTimestamp(CREATED_AT);
  const { applicationId, mode, customerReference, productName, redirectUrl } = request;
  return create(PaymentSchema, {
    id: BigInt(id),
    reference: `pay_${String(id).padStart(22, "1")}`,
    status: PaymentStatus.CREATED,
    applicationId,
    mode,
    amount: { amountMinor: request.amount?.amountMinor ?? 0n, currency: request.amount?.currency || "BDT" },
    customerReference,
    ...(productName === undefined ? {} : { productName }),
    ...(redirectUrl === undefined ? {} : { redirectUrl }),
    gateway: "SSLCOMMERZ",
    checkoutUrl: `http://localhost:8080/checkout/pay_${id}`,
    expiresAt: toTimestamp(CREATED_AT + 1_800_000),
    createdAt: at,
    updatedAt: at,
    version: 1n,
  });
}

const CALLERS: Readonly<Record<string, { applicationId: bigint; mode: Mode }>> = {
  [API_KEY]: { applicationId: 42n, mode: Mode.TEST },
  [LIVE_KEY]: { applicationId: 42n, mode: Mode.LIVE },
  [STRANGER_KEY]: { applicationId: 43n, mode: Mode.TEST },
};

function authenticate(apiKey: string, apiSecret: string) {
  const caller = CALLERS[apiKey];
  if (!caller || apiSecret !== API_SECRET) throw new DomainError("UNAUTHORIZED", "No.");
  return { ...caller, applicationName: "Storefront", credentialId: 1n };
}

type Inside = Omit<StubPayments, "transport">;
type Arrive = (name: string, context: { readonly requestHeader: Headers }) => void;

type FindPayment = (id: bigint, scope: { applicationId: bigint; mode: Mode }) => Payment | undefined;

function paymentReads(
  stub: Inside,
  arrive: Arrive,
  find: FindPayment,
): Partial<ServiceImpl<typeof PaymentsService>> {
  const require = (id: unknown, scope: Parameters<FindPayment>[1]): Payment => {
    const payment = find(id as bigint, scope);
    if (!payment) throw notFound("Payment");
    return payment;
  };
  return {
    getPayment: (request, context) => {
      arrive("GetPayment", context);
      return { payment: require(request.key.value, request) };
    },
    getReceipt: (request, context) => {
      arrive("GetReceipt", context);
      require(request.key.value, request);
      return { receipt: RECEIPT };
    },
    getTimeline: (request, context) => {
      arrive("GetTimeline", context);
      require(request.paymentId, request);
      return { entries: [...stub.history], truncated: stub.isHistoryCut };
    },
  };
}

type Answers = Map<string, { payment: Payment; firstRequestId: string }>;

function paymentsService(
  stub: Inside,
  arrive: Arrive,
  answers: Answers,
): Partial<ServiceImpl<typeof PaymentsService>> {
  return {
    createPayment: (request, context) => {
      arrive("CreatePayment", context);
      stub.created.push(request);
      const { idempotencyKey, requestId } = request;
      const known = answers.get(idempotencyKey);
      const payment = known?.payment ?? paymentOf(99 + stub.created.length, request);
      const answer = known ?? { payment, firstRequestId: requestId };
      if (idempotencyKey !== "") answers.set(idempotencyKey, answer);
      const answeredAt = toTimestamp(CREATED_AT + 7);
      return { ...answer, replayed: known !== undefined, answeredAt, renderVersion: 1 };
    },
    listPayments: (request, context) => {
      arrive("ListPayments", context);
      stub.listed.push(request);
      return { payments: [...answers.values()].map(({ payment }) => payment), totalSize: 137 };
    },
  };
}

function applicationsService(stub: Inside, arrive: Arrive): Partial<ServiceImpl<typeof ApplicationsService>> {
  return {
    authenticateCredential: async ({ apiKey, apiSecret }, context) => {
      arrive("AuthenticateCredential", context);
      await stub.gate?.();
      return authenticate(apiKey, apiSecret);
    },
  };
}

/** Lets every call to the checkouts be counted and refused like the others. */
function watched(checkouts: Checkouts, stub: Inside, arrive: Arrive): Checkouts {
  const context = ({ requestId }: Trace) => ({ requestHeader: new Headers({ "x-request-id": requestId }) });
  return {
    byReference: (reference, trace) => {
      arrive("GetCheckout", context(trace));
      return checkouts.byReference(reference, trace);
    },
    open: (reference, trace) => {
      arrive("OpenCheckout", context(trace));
      if (stub.openFailure !== null) throw stub.openFailure;
      return checkouts.open(reference, trace);
    },
    recordCallback: (callback, trace) => {
      arrive("RecordGatewayCallback", context(trace));
      return checkouts.recordCallback(callback, trace);
    },
  };
}

export function stubPayments(checkouts: Checkouts): StubPayments {
  const stub: Inside = {
    created: [],
    listed: [],
    refundsAsked: [],
    refundsListed: [],
    history: [],
    isHistoryCut: false,
    calls: [],
    requestIds: [],
    failure: null,
    openFailure: null,
    gate: null,
  };
  const arrive: Arrive = (name, { requestHeader }) => {
    stub.calls.push(name);
    stub.requestIds.push(requestHeader.get("x-request-id"));
    if (stub.failure !== null) throw stub.failure;
  };
  const log = silentLogger();
  const answers: Answers = new Map();
  const find: FindPayment = (id, { applicationId, mode }) =>
    [...answers.values()]
      .map(({ payment }) => payment)
      .find((one) => one.id === id && one.applicationId === applicationId && one.mode === mode);
  const payments = { ...paymentsService(stub, arrive, answers), ...paymentReads(stub, arrive, find) };
  const refunds = refundsService(stub, arrive, (id, scope) => find(id, scope) !== undefined);
  const services = [
    mountService(PaymentsService, withUnused(PaymentsService, payments), log),
    mountService(RefundsService, withUnused(RefundsService, refunds), log),
    mountService(
      ApplicationsService,
      withUnused(ApplicationsService, applicationsService(stub, arrive)),
      log,
    ),
    mountService(
      CheckoutService,
      withUnused(CheckoutService, checkoutService(watched(checkouts, stub, arrive))),
      log,
    ),
  ];
  return Object.assign(stub, { transport: inMemoryTransport(services) });
}
