import { create } from "@bufbuild/protobuf";
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
import type { Checkouts } from "../../application/ports.ts";
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

export function stubPayments(checkouts: Checkouts): StubPayments {
  const answers = new Map<string, { payment: Payment; firstRequestId: string }>();
  const stub = {
    created: [] as CreatePaymentRequest[],
    listed: [] as ListPaymentsRequest[],
    calls: [] as string[],
    requestIds: [] as (string | null)[],
    failure: null as unknown,
    openFailure: null as unknown,
    gate: null as (() => Promise<void>) | null,
  };
  const arrive = (name: string, { requestHeader }: { requestHeader: Headers }): void => {
    stub.calls.push(name);
    stub.requestIds.push(requestHeader.get("x-request-id"));
    if (stub.failure !== null) throw stub.failure;
  };
  const log = silentLogger();
  const payments = mountService(
    PaymentsService,
    {
      createPayment: (request, context) => {
        arrive("CreatePayment", context);
        const known = answers.get(request.idempotencyKey);
        stub.created.push(request);
        const answer = known ?? {
          payment: paymentOf(99 + stub.created.length, request),
          firstRequestId: request.requestId,
        };
        if (request.idempotencyKey !== "") answers.set(request.idempotencyKey, answer);
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
    },
    log,
  );
  const unused = (): never => {
    throw new DomainError("INTERNAL_ERROR", "The edge does not call this.");
  };
  const applications = mountService(
    ApplicationsService,
    {
      authenticateCredential: async ({ apiKey, apiSecret }, context) => {
        arrive("AuthenticateCredential", context);
        await stub.gate?.();
        return authenticate(apiKey, apiSecret);
      },
      registerApplication: unused,
      getApplication: unused,
      updateSettings: unused,
    },
    log,
  );
  const inner = checkoutService(checkouts);
  const checkout = mountService(
    CheckoutService,
    {
      getCheckout: (request, context) => {
        arrive("GetCheckout", context);
        return inner.getCheckout(request, context);
      },
      openCheckout: (request, context) => {
        arrive("OpenCheckout", context);
        if (stub.openFailure !== null) throw stub.openFailure;
        return inner.openCheckout(request, context);
      },
      recordGatewayCallback: (request, context) => {
        arrive("RecordGatewayCallback", context);
        return inner.recordGatewayCallback(request, context);
      },
    },
    log,
  );
  return Object.assign(stub, { transport: inMemoryTransport([payments, applications, checkout]) });
}
