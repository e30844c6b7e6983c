import type { ErrorReason } from "@oi/kernel/errors";
import { failureEnvelope, pagination, successEnvelope } from "../../../domain/envelope.ts";
import { ERROR_CATALOGUE } from "../../../domain/error-catalogue.ts";
import { errorOf } from "./error-example.ts";

export const STAMP = { at: 1_780_567_200_000, requestId: "0197390c-6f00-7000-8000-000000000001" };
const REFERENCE = "pay_7YKn4Yw1Rv8tqkJm2bXc5D";

export const NEW_PAYMENT = {
  amountMinor: 125_050,
  customerReference: "cust_123",
  productName: "Pro plan",
  customerPhone: "01712345678",
  redirectUrl: "https://shop.example/done",
};

const CREATED = {
  id: 100,
  reference: REFERENCE,
  status: "CREATED",
  applicationId: 42,
  mode: "TEST",
  amountMinor: 125_050,
  currency: "BDT",
  customerReference: "cust_123",
  productName: "Pro plan",
  gateway: "SSLCOMMERZ",
  gatewayTxnId: null,
  checkoutUrl: `http://localhost:8080/checkout/${REFERENCE}`,
  redirectUrl: "https://shop.example/done",
  invoiceId: null,
  refundedMinor: 0,
  failureReason: null,
  riskLevel: null,
  underReview: false,
  expiresAt: "2026-06-04T10:30:00.000Z",
  paidAt: null,
  createdAt: "2026-06-04T10:00:00.000Z",
  updatedAt: "2026-06-04T10:00:00.000Z",
};

export const PAID = {
  ...CREATED,
  status: "SUCCEEDED",
  gatewayTxnId: "2606041001321Yw5gQGVu7eh8Gk",
  riskLevel: 0,
  paidAt: "2026-06-04T10:01:32.000Z",
  updatedAt: "2026-06-04T10:01:33.250Z",
};

const CHECKOUT = {
  reference: REFERENCE,
  status: "CREATED",
  mode: "TEST",
  amountMinor: 125_050,
  amountDisplay: "৳1,250.50",
  currency: "BDT",
  appName: "Storefront",
  productName: "Pro plan",
  gateway: "SSLCOMMERZ",
  gatewayRedirectUrl: `http://localhost:8080/checkout/${REFERENCE}/pay`,
  redirectUrl: "https://shop.example/done",
  expiresAt: "2026-06-04T10:30:00.000Z",
  paidAt: null,
};

/** One envelope for every operation that answers JSON; the same rendering as the true answers. */
export const ANSWERS = {
  created: successEnvelope(CREATED, STAMP),
  paid: successEnvelope(PAID, STAMP),
  list: successEnvelope([PAID], STAMP, pagination(0, 20, 1)),
  application: successEnvelope({ id: 42, name: "Storefront", mode: "TEST" }, STAMP),
  checkout: successEnvelope(CHECKOUT, STAMP),
};

/** The refusal that the catalogue's example gets. */
export function refusalExample(reason: ErrorReason, link: string): unknown {
  return failureEnvelope(errorOf(reason, ERROR_CATALOGUE[reason]), STAMP, link);
}
