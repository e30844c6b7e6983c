/** The public rendering of a refund. Made once for REST and webhooks alike, so the edge passes it on untouched. */
export type PublicRefund = Readonly<Record<string, string | number | null>>;

/** A merchant's wish as it was sent; payments, whose fingerprint is over this, decides about it. */
export type NewRefund = {
  readonly amountMinor: number;
  readonly reason?: string | undefined;
};

/** Refunds can be listed by when they were asked for. */
export const REFUND_SORTS = ["createdAt"] as const;

export type RefundQuery = { readonly page: number; readonly size: number; readonly ascending: boolean };
