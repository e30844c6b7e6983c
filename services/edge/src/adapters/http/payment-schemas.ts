import { MAX_AMOUNT_MINOR } from "@oi/kernel/money";
import Type, { type Static } from "typebox";
import { PAYMENT_SORTS, PAYMENT_STATUSES } from "../../domain/payment.ts";

/** For a query; texts in a body are clean already, since they are judged while it is parsed. */
const Text = (maxLength: number, minLength = 0) =>
  Type.String({ minLength, maxLength, format: "clean-text" });

export const FreeText = (maxLength: number, minLength = 0) =>
  Type.String({ minLength, maxLength, format: "free-text" });

export const AmountMinor = Type.Integer({ minimum: 1, maximum: Number(MAX_AMOUNT_MINOR) });

export const NewPaymentBody = Type.Object({
  amountMinor: AmountMinor,
  customerReference: FreeText(255, 1),
  currency: Type.Optional(Type.String({ format: "iso-4217" })),
  customerEmail: Type.Optional(Type.String({ format: "e-mail" })),
  customerPhone: Type.Optional(Type.String({ format: "phone" })),
  customerName: Type.Optional(FreeText(255)),
  productName: Type.Optional(FreeText(255)),
  redirectUrl: Type.Optional(Type.String({ format: "redirect-url", maxLength: 2_048 })),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 300, maximum: 86_400 })),
  // Invoices come later; until then an invoice must be refused and not be ignored.
  invoiceId: Type.Optional(Type.Unsafe<never>({ not: {} })),
});
export type NewPaymentBody = Static<typeof NewPaymentBody>;

/** What every list understands. */
export const PAGE_QUERY = {
  page: Type.Optional(Type.String({ format: "page" })),
  size: Type.Optional(Type.String({ format: "page-size" })),
  order: Type.Optional(Type.Enum(["ASC", "DESC"])),
};

export const ListQuery = Type.Object({
  customerReference: Type.Optional(Text(255, 1)),
  reference: Type.Optional(Text(64, 1)),
  status: Type.Optional(Type.Enum([...PAYMENT_STATUSES])),
  from: Type.Optional(Type.String({ format: "instant" })),
  to: Type.Optional(Type.String({ format: "instant" })),
  ...PAGE_QUERY,
  sortBy: Type.Optional(Type.Enum([...PAYMENT_SORTS])),
});
export type ListQuery = Static<typeof ListQuery>;
