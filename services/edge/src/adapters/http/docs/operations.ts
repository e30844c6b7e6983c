import { ANSWERS, NEW_PAYMENT } from "./examples.ts";
import {
  ALWAYS,
  BODY,
  IDEMPOTENCY_KEY,
  MERCHANT,
  type Operation,
  PAYMENT_ID,
  type Parameter,
} from "./operation.ts";
import { PAID_OPERATIONS } from "./paid-operations.ts";
import { Application, Checkout, Payment, page, success } from "./schemas.ts";

const REFERENCE: Parameter = {
  description: "The payment's unguessable reference, the only key to its checkout.",
  schema: { type: "string" },
  example: "pay_7YKn4Yw1Rv8tqkJm2bXc5D",
};

const GATEWAY =
  "Called by the gateway or by the customer's browser on its way back; merchants never call it.";
const FORM = {
  type: "application/x-www-form-urlencoded",
  example: "tran_id=a1&status=VALID&val_id=2606041001",
};

function openCheckout(operationId: string): Operation {
  return {
    operationId,
    tag: "Checkout",
    summary: "Go to the gateway",
    description:
      "Opens the gateway's session, or finds the open one. A browser that fetches ahead opens nothing.",
    parameters: { reference: REFERENCE },
    answer: {
      status: 303,
      description: "To the gateway, or to the checkout page when the payment is over.",
      location: "https://sandbox.sslcommerz.com/EasyCheckOut/testcde",
    },
    errors: ["RESOURCE_NOT_FOUND", "INVALID_OPERATION_STATE", "GATEWAY_UNAVAILABLE", ...ALWAYS],
  };
}

function comeBack(operationId: string, outcome: string, body: Operation["body"]): Operation {
  return {
    operationId,
    tag: "Gateway",
    summary: `The customer's way back: ${outcome}`,
    description: `${GATEWAY} It proves nothing; the gateway itself is asked.`,
    parameters: { reference: REFERENCE },
    ...(body === undefined ? {} : { body }),
    answer: {
      status: 303,
      description: "To the checkout page, whatever happened.",
      location: "http://localhost:8080/checkout/pay_7YKn4Yw1Rv8tqkJm2bXc5D?from=gateway",
    },
    errors: ["RESOURCE_NOT_FOUND"],
  };
}

const RETURNS = Object.fromEntries(
  ["success", "fail", "cancel"].flatMap((outcome) => {
    const path = `/api/v1/gateways/sslcommerz/return/${outcome}/{reference}`;
    return [
      [`GET ${path}`, comeBack(`${outcome}ReturnByLink`, outcome, undefined)],
      [`POST ${path}`, comeBack(`${outcome}Return`, outcome, FORM)],
    ];
  }),
);

/** Every public operation under its method and path. The routes give the schemas, this table gives the words. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "POST /api/v1/payments": {
    operationId: "createPayment",
    tag: "Payments",
    summary: "Create a payment",
    description:
      "Never talks to the gateway, so it works while the gateway is down. Send the customer to checkoutUrl.",
    parameters: { "Idempotency-Key": IDEMPOTENCY_KEY },
    body: { example: NEW_PAYMENT },
    answer: {
      status: 201,
      description: "The payment. A repeat has the same bytes and Idempotent-Replayed: true.",
      json: { schema: success(Payment), example: ANSWERS.created },
    },
    errors: [...MERCHANT, ...BODY, "IDEMPOTENCY_KEY_CONFLICT", "IDEMPOTENCY_IN_PROGRESS"],
  },
  "GET /api/v1/payments/{id}": {
    operationId: "getPayment",
    tag: "Payments",
    summary: "Read a payment",
    description: "A payment of another mode or application does not exist for the caller.",
    parameters: { id: PAYMENT_ID },
    answer: {
      status: 200,
      description: "The payment.",
      json: { schema: success(Payment), example: ANSWERS.paid },
    },
    errors: [...MERCHANT, "RESOURCE_NOT_FOUND"],
  },
  "GET /api/v1/payments": {
    operationId: "listPayments",
    tag: "Payments",
    summary: "List payments",
    description:
      "customerReference or reference is required. Newest first unless sorted otherwise. A list reaches a customer's 10,000 newest payments (the oldest with sortBy=createdAt and order=ASC); status and other orders are of those. Choose others by from and to.",
    parameters: {
      customerReference: {
        description: "Your own reference of the customer.",
        schema: { type: "string", minLength: 1, maxLength: 255 },
        example: "cust_123",
      },
    },
    answer: {
      status: 200,
      description: "A page of payments.",
      json: { schema: page(Payment), example: ANSWERS.list },
    },
    errors: MERCHANT,
  },
  ...PAID_OPERATIONS,
  "GET /api/v1/app/me": {
    operationId: "getApplication",
    tag: "Application",
    summary: "Whose credential this is",
    description: "The application and the mode of the credential.",
    answer: {
      status: 200,
      description: "The application.",
      json: { schema: success(Application), example: ANSWERS.application },
    },
    errors: MERCHANT,
  },
  "GET /api/v1/checkout/{reference}": {
    operationId: "getCheckout",
    tag: "Checkout",
    summary: "Context for a checkout page of your own",
    description: "A safe read without credentials. Opening gatewayRedirectUrl leads to the gateway.",
    parameters: { reference: REFERENCE },
    answer: {
      status: 200,
      description: "What a page needs to know.",
      json: { schema: success(Checkout), example: ANSWERS.checkout },
    },
    errors: ["RESOURCE_NOT_FOUND", ...ALWAYS],
  },
  "GET /checkout/{reference}": {
    operationId: "showCheckout",
    tag: "Checkout",
    summary: "The checkout page",
    description: "HTML in Bangla or English.",
    parameters: { reference: REFERENCE },
    answer: { status: 200, description: "The page.", html: '<!doctype html><html lang="bn">…</html>' },
    errors: ["RESOURCE_NOT_FOUND", ...ALWAYS],
  },
  "GET /checkout/{reference}/events": {
    operationId: "watchCheckout",
    tag: "Checkout",
    summary: "A checkout's status as it changes",
    description:
      "Server-sent events named status: a snapshot first, then every change; the stream ends with the final one, and after ten minutes. Who comes again with Last-Event-ID gets only what is new, and 204 when nothing more can come. 503 when too many watch: poll GET /api/v1/checkout/{reference} instead.",
    parameters: { reference: REFERENCE },
    answer: {
      status: 200,
      description: "Events until the payment is final.",
      events:
        'retry: 3000\n:\n\nid: 2\nevent: status\ndata: {"status":"PENDING","final":false,"underReview":false}\n\n',
    },
    errors: ["RESOURCE_NOT_FOUND", ...ALWAYS],
  },
  "GET /checkout/{reference}/pay": openCheckout("openCheckoutByLink"),
  "POST /checkout/{reference}/pay": openCheckout("openCheckout"),
  "POST /api/v1/gateways/sslcommerz/ipn": {
    operationId: "recordNotification",
    tag: "Gateway",
    summary: "The gateway's notification",
    description: `${GATEWAY} The body is a claim and no proof.`,
    body: FORM,
    answer: { status: 200, description: "The evidence is stored." },
    errors: [...ALWAYS, ...BODY],
  },
  ...RETURNS,
};
