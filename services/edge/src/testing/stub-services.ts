import { create, type DescService } from "@bufbuild/protobuf";
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
import { toTimestamp } from "@oi/proto/public/time";
import type { Checkouts, Trace } from "../application/ports.ts";
import { checkoutService } from "./checkout-service.ts";

export const API_KEY = "oi_test_key";
export const API_SECRET = "oi_test_secret_value";

/** A payments service of a few lines, which counts what reaches it. */
export type StubPayments = {
  readonly transport: Transport;
  readonly created: CreatePaymentRequest[];
  readonly listed: ListPaymentsRequest[];
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

function authenticate(apiKey: string, apiSecret: string) {
  if (apiKey !== API_KEY || apiSecret !== API_SECRET) throw new DomainError("UNAUTHORIZED", "No.");
  return { applicationId: 42n, mode: Mode.TEST, applicationName: "Storefront", credentialId: 1n };
}

/** Methods that the edge does not call are there all the same, or nothing could be mounted. */
function withUnused<S extends DescService>(desc: S, known: Partial<ServiceImpl<S>>): ServiceImpl<S> {
  const unused = (): never => {
    throw new DomainError("INTERNAL_ERROR", "The edge does not call this.");
  };
  const all = Object.fromEntries(desc.methods.map(({ localName }) => [localName, unused]));
  return { ...all, ...known } as ServiceImpl<S>;
}

type Inside = Omit<StubPayments, "transport">;
type Arrive = (name: string, context: { readonly requestHeader: Headers }) => void;

function paymentsService(stub: Inside, arrive: Arrive): Partial<ServiceImpl<typeof PaymentsService>> {
  const answers = new Map<string, { payment: Payment; firstRequestId: string }>();
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
    getPayment: ({ key }, context) => {
      arrive("GetPayment", context);
      const found = [...answers.values()].find(({ payment }) => payment.id === key.value);
      if (!found) throw notFound("Payment");
      return { payment: found.payment };
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
  const services = [
    mountService(PaymentsService, withUnused(PaymentsService, paymentsService(stub, arrive)), log),
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
