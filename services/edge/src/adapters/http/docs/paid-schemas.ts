import Type from "typebox";
import { TIMELINE_LIMIT } from "../../../domain/timeline.ts";
import { Instant, Minor, Mode, Nullable, success, Text } from "./schemas.ts";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** Every key is always there; what is not known is `null`. */
export const Refund = Type.Object({
  id: Id,
  paymentId: Id,
  mode: Mode,
  amountMinor: Minor(1),
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  reason: Nullable(Text),
  status: Type.Enum(["AWAITING_APPROVAL", "PENDING", "SUCCEEDED", "FAILED", "REJECTED"]),
  gatewayRefundId: Nullable(Text),
  createdBy: Text,
  approvedBy: Nullable(Text),
  failureReason: Nullable(Text),
  createdAt: Instant,
  updatedAt: Instant,
});

export const Receipt = Type.Object({
  receiptNumber: Type.Integer({ minimum: 1 }),
  issuedAt: Instant,
  application: Type.Object({ name: Text }),
  payment: Type.Object({
    reference: Type.String({ pattern: "^pay_" }),
    amountMinor: Minor(1),
    amountDisplay: Text,
    currency: Type.String({ pattern: "^[A-Z]{3}$" }),
    paidAt: Instant,
    method: Nullable(
      Type.Object({ channel: Text, brand: Text, issuer: Text, country: Text, last4: Nullable(Text) }),
    ),
    gatewayTxnId: Text,
    productName: Nullable(Text),
  }),
  customer: Type.Object({
    name: Nullable(Text),
    email: Nullable(Text),
    phone: Nullable(Text),
    reference: Text,
  }),
  refunds: Type.Array(
    Type.Object({
      id: Id,
      amountMinor: Minor(1),
      amountDisplay: Text,
      status: Type.Enum(["PENDING", "SUCCEEDED"]),
      createdAt: Instant,
    }),
  ),
  netMinor: Minor(0),
  netDisplay: Text,
  amountInWords: Nullable(Type.Object({ en: Text, bn: Text })),
  mode: Mode,
  verificationUrl: Text,
});

export const TimelineEntry = Type.Object({
  id: Text,
  at: Instant,
  kind: Type.Enum([
    "request",
    "state",
    "checkout",
    "gateway_call",
    "gateway_callback",
    "event",
    "ledger",
    "webhook",
    "refund",
    "receipt",
    "review",
    "unavailable",
  ]),
  title: Type.Object({ en: Text, bn: Text }),
  actor: Text,
  status: Type.Optional(Text),
  version: Type.Optional(Type.Integer()),
  refs: Type.Record(Type.String(), Text, { description: "Ids of what it is about, by name." }),
  detail: Type.Object({}, { additionalProperties: true, description: "The rest, by kind." }),
});

/** One page, always the first. */
export const TimelinePage = success(
  Type.Array(TimelineEntry, { maxItems: TIMELINE_LIMIT }),
  Type.Object({
    page: Type.Literal(0),
    size: Type.Literal(TIMELINE_LIMIT),
    totalElements: Type.Integer({
      minimum: 1,
      maximum: TIMELINE_LIMIT + 1,
      description: `${TIMELINE_LIMIT + 1}: there is more than is shown.`,
    }),
    totalPages: Type.Integer({ minimum: 1, maximum: 2 }),
  }),
);
