import Type, { type TSchema } from "typebox";
import { PAYMENT_STATUSES } from "../../../domain/payment.ts";

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Instant = Type.String({ format: "date-time" });
export const Text = Type.String();
export const Minor = (minimum: number) => Type.Integer({ minimum, maximum: 999_999_999_999_999 });
export const Mode = Type.Enum(["TEST", "LIVE"]);

/** Every key is always there; what is not known is `null`. */
export const Payment = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  reference: Type.String({ pattern: "^pay_" }),
  status: Type.Enum([...PAYMENT_STATUSES]),
  applicationId: Type.Integer({ minimum: 1 }),
  mode: Mode,
  amountMinor: Minor(1),
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  customerReference: Text,
  productName: Nullable(Text),
  gateway: Text,
  gatewayTxnId: Nullable(Text),
  checkoutUrl: Text,
  redirectUrl: Nullable(Text),
  invoiceId: Nullable(Type.Integer()),
  refundedMinor: Minor(0),
  failureReason: Nullable(Text),
  riskLevel: Nullable(Type.Integer({ minimum: 0, maximum: 1 })),
  underReview: Type.Boolean(),
  expiresAt: Nullable(Instant),
  paidAt: Nullable(Instant),
  createdAt: Instant,
  updatedAt: Instant,
});

export const Checkout = Type.Object({
  reference: Text,
  status: Type.Enum([...PAYMENT_STATUSES]),
  mode: Mode,
  amountMinor: Minor(1),
  amountDisplay: Text,
  currency: Text,
  appName: Text,
  productName: Nullable(Text),
  gateway: Text,
  gatewayRedirectUrl: Nullable(Text),
  redirectUrl: Nullable(Text),
  expiresAt: Nullable(Instant),
  paidAt: Nullable(Instant),
});

export const Application = Type.Object({ id: Type.Integer({ minimum: 1 }), name: Text, mode: Mode });

const Pagination = Type.Object({
  page: Type.Integer({ minimum: 0 }),
  size: Type.Integer({ minimum: 1, maximum: 100 }),
  totalElements: Type.Integer({ minimum: 0 }),
  totalPages: Type.Integer({ minimum: 0 }),
});

const meta = { timestamp: Instant, requestId: Text };

/** `data` in the envelope of an answer that succeeded. */
export const success = (data: TSchema, pagination: TSchema = Type.Null()) =>
  Type.Object({
    data,
    meta: Type.Object({ success: Type.Literal(true), message: Type.Null(), errorCode: Type.Null(), ...meta }),
    pagination,
  });

export const page = (item: TSchema) => success(Type.Array(item), Pagination);

/** The envelope of a refusal. `data` maps a field to what is wrong with it, where a field is to blame. */
export const failure = (reasons: readonly string[]) =>
  Type.Object({
    data: Nullable(Type.Record(Type.String(), Text)),
    meta: Type.Object({
      success: Type.Literal(false),
      message: Text,
      errorCode: Type.Enum([...reasons]),
      ...meta,
    }),
    pagination: Type.Null(),
  });
