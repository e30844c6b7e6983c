import type { Instant } from "@oi/kernel/instant";

export const PAYMENT_STATUSES = [
  "CREATED",
  "PENDING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "EXPIRED",
  "PARTIALLY_REFUNDED",
  "REFUNDED",
] as const;

export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** The public rendering of a payment. Made once for REST and webhooks alike, so the edge passes it on untouched. */
export type PublicPayment = Readonly<Record<string, string | number | boolean | null>>;

/** The public rendering of a receipt, passed on untouched as well. */
export type PublicReceipt = Readonly<Record<string, unknown>>;

/** A merchant's wish as it was sent: defaults and normal forms belong to payments, whose fingerprint is over this. */
export type NewPayment = {
  readonly amountMinor: number;
  /** Empty when the merchant sent none. */
  readonly currency: string;
  readonly customerReference: string;
  readonly customerEmail?: string | undefined;
  readonly customerPhone?: string | undefined;
  readonly customerName?: string | undefined;
  readonly productName?: string | undefined;
  readonly redirectUrl?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
};

export const PAYMENT_SORTS = ["createdAt", "updatedAt", "amountMinor"] as const;
export type PaymentSort = (typeof PAYMENT_SORTS)[number];

export type PaymentQuery = {
  readonly customerReference?: string | undefined;
  readonly reference?: string | undefined;
  readonly status?: PaymentStatus | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly page: number;
  readonly size: number;
  readonly sortBy: PaymentSort;
  readonly ascending: boolean;
};

/** How deep a list may be read; deeper pages would cost the database more than they tell anybody. */
export const LIST_DEPTH = 10_000;
