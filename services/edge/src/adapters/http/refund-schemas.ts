import Type, { type Static } from "typebox";
import { REFUND_SORTS } from "../../domain/refund.ts";
import { AmountMinor, FreeText, PAGE_QUERY } from "./payment-schemas.ts";

export const NewRefundBody = Type.Object({
  amountMinor: AmountMinor,
  reason: Type.Optional(FreeText(500)),
});
export type NewRefundBody = Static<typeof NewRefundBody>;

export const RefundListQuery = Type.Object({
  ...PAGE_QUERY,
  sortBy: Type.Optional(Type.Enum([...REFUND_SORTS])),
});
export type RefundListQuery = Static<typeof RefundListQuery>;
