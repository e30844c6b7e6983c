import { invalid } from "@oi/kernel/errors";
import { isCurrency } from "@oi/kernel/money";
import type { CreatePaymentRequest } from "@oi/proto/payments/v1/payments_service";
import type { IdempotencyKey } from "../../application/ports.ts";
import { checkRedirectUrl, normalisePhone } from "../../domain/contact.ts";
import type { NewPayment } from "../../domain/payment.ts";
import { type Fingerprint, idempotencyOf } from "./idempotency-key.ts";
import { scopeOf } from "./request-scope.ts";

const ROUTE = "POST /payments";
const DEFAULT_CURRENCY = "BDT";

/** What the request asks for, with its defaults. Raises VALIDATION_ERROR beyond what the proto's rules check. */
export function readNewPayment(request: CreatePaymentRequest): NewPayment {
  const currency = request.amount?.currency || DEFAULT_CURRENCY;
  if (!isCurrency(currency)) throw invalid({ currency: "must be an ISO 4217 code, upper case" });
  const scope = scopeOf(request);
  const { mode } = scope;
  return {
    scope,
    amount: { amountMinor: request.amount?.amountMinor ?? 0n, currency },
    customer: {
      reference: request.customerReference,
      email: request.customerEmail ?? null,
      phone: request.customerPhone === undefined ? null : normalisePhone(request.customerPhone),
      name: request.customerName ?? null,
    },
    productName: request.productName ?? null,
    redirectUrl: request.redirectUrl === undefined ? null : checkRedirectUrl(request.redirectUrl, mode),
    expiresInSeconds: request.expiresInSeconds ?? null,
  };
}

/** The key with the fingerprint of what was sent, before defaults; null without a key. The same for both doors. */
export function readIdempotency(
  request: CreatePaymentRequest,
  fingerprint: Fingerprint,
): IdempotencyKey | null {
  const fields = {
    amountMinor: (request.amount?.amountMinor ?? 0n).toString(),
    currency: request.amount?.currency || null,
    customerReference: request.customerReference,
    customerEmail: request.customerEmail ?? null,
    customerPhone: request.customerPhone ?? null,
    customerName: request.customerName ?? null,
    productName: request.productName ?? null,
    invoiceId: null,
    redirectUrl: request.redirectUrl ?? null,
    expiresInSeconds: request.expiresInSeconds ?? null,
  };
  return idempotencyOf(fingerprint, ROUTE, request.idempotencyKey, fields);
}
