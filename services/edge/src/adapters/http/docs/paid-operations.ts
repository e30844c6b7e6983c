import { TIMELINE_LIMIT } from "../../../domain/timeline.ts";
import { BODY, IDEMPOTENCY_KEY, MERCHANT, type Operation, PAYMENT_ID, type Parameter } from "./operation.ts";
import { NEW_REFUND, PAID_ANSWERS } from "./paid-examples.ts";
import { Receipt, Refund, TimelinePage } from "./paid-schemas.ts";
import { page, success } from "./schemas.ts";

const REFUND_ID: Parameter = {
  description: "The refund's id.",
  schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  example: 7,
};

/** What can be done with a payment once it is paid, and what can be read of it. */
export const PAID_OPERATIONS: Readonly<Record<string, Operation>> = {
  "POST /api/v1/payments/{id}/refunds": {
    operationId: "createRefund",
    tag: "Refunds",
    summary: "Refund a payment, or a part of it",
    description:
      "The payment has to be SUCCEEDED or PARTIALLY_REFUNDED. The refund is PENDING until the gateway itself has said how it ended; a webhook tells.",
    parameters: { id: PAYMENT_ID, "Idempotency-Key": IDEMPOTENCY_KEY },
    body: { example: NEW_REFUND },
    answer: {
      status: 201,
      description: "The refund. A repeat has the same bytes and Idempotent-Replayed: true.",
      json: { schema: success(Refund), example: PAID_ANSWERS.refundCreated },
    },
    errors: [
      ...MERCHANT,
      ...BODY,
      "RESOURCE_NOT_FOUND",
      "INVALID_OPERATION_STATE",
      "IDEMPOTENCY_KEY_CONFLICT",
      "IDEMPOTENCY_IN_PROGRESS",
    ],
  },
  "GET /api/v1/payments/{id}/refunds": {
    operationId: "listRefunds",
    tag: "Refunds",
    summary: "List a payment's refunds",
    description: "In the order in which they were asked for, newest first unless order is ASC.",
    parameters: { id: PAYMENT_ID },
    answer: {
      status: 200,
      description: "A page of refunds.",
      json: { schema: page(Refund), example: PAID_ANSWERS.refunds },
    },
    errors: [...MERCHANT, "RESOURCE_NOT_FOUND"],
  },
  "GET /api/v1/refunds/{id}": {
    operationId: "getRefund",
    tag: "Refunds",
    summary: "Read a refund",
    description: "A refund of another mode or application does not exist for the caller.",
    parameters: { id: REFUND_ID },
    answer: {
      status: 200,
      description: "The refund.",
      json: { schema: success(Refund), example: PAID_ANSWERS.refunded },
    },
    errors: [...MERCHANT, "RESOURCE_NOT_FOUND"],
  },
  "GET /api/v1/payments/{id}/receipt": {
    operationId: "getReceipt",
    tag: "Payments",
    summary: "Read the receipt",
    description:
      "There is one once the payment is paid, unless the application has receipts turned off. The first reading gives it its number, which never changes; JSON is the only representation.",
    parameters: { id: PAYMENT_ID },
    answer: {
      status: 200,
      description: "The receipt, with the refunds as they are now.",
      json: { schema: success(Receipt), example: PAID_ANSWERS.receipt },
    },
    errors: [...MERCHANT, "RESOURCE_NOT_FOUND", "INVALID_OPERATION_STATE"],
  },
  "GET /api/v1/payments/{id}/timeline": {
    operationId: "getTimeline",
    tag: "Payments",
    summary: "Read what happened to a payment",
    description: `Oldest first, at most ${TIMELINE_LIMIT} entries with ids that never change. Ledger and webhooks may be away: one entry of kind unavailable then stands for each, at the end.`,
    parameters: { id: PAYMENT_ID },
    answer: {
      status: 200,
      description: "The entries.",
      json: { schema: TimelinePage, example: PAID_ANSWERS.timeline },
    },
    errors: [...MERCHANT, "RESOURCE_NOT_FOUND"],
  },
};
