import { type AmountInWords, amountInWords } from "@oi/kernel/amount-in-words";
import { displayMoney } from "@oi/kernel/display-money";
import type { Instant } from "@oi/kernel/instant";
import type { Money } from "@oi/kernel/money";
import type { RecordedCharge } from "./charge.ts";
import type { PaymentMethod } from "./gateway.ts";
import type { PaidPayment } from "./payment.ts";
import type { Refund } from "./refund.ts";

export type IssuedNumber = { readonly number: number; readonly issuedAt: Instant };

export type ReceiptRefund = {
  readonly id: number;
  readonly amount: Money;
  readonly amountDisplay: string;
  readonly status: "PENDING" | "SUCCEEDED";
  readonly createdAt: Instant;
};

export type Receipt = IssuedNumber & {
  readonly applicationName: string;
  readonly payment: PaidPayment;
  readonly amountDisplay: string;
  readonly method: PaymentMethod;
  /** Oldest first. */
  readonly refunds: readonly ReceiptRefund[];
  readonly netMinor: bigint;
  readonly netDisplay: string;
  /** Taka and paisa have words; other currencies have none. */
  readonly amountInWords: AmountInWords | null;
};

/** What a receipt says. Refunds that failed, were rejected or still wait for a person are not on it. */
export function receiptOf(
  payment: PaidPayment,
  settlement: RecordedCharge,
  refunds: readonly Refund[],
  issued: IssuedNumber,
  applicationName: string,
): Receipt {
  const { amount, paid } = payment;
  const netMinor = amount.amountMinor - paid.refundedMinor;
  const lines = refunds.flatMap((refund) => (refund.origin === "MERCHANT" ? lineOf(refund) : []));
  return {
    ...issued,
    applicationName,
    payment,
    amountDisplay: displayMoney(amount),
    method: settlement.method,
    refunds: lines.sort((a, b) => a.createdAt - b.createdAt || a.id - b.id),
    netMinor,
    netDisplay: displayMoney({ ...amount, amountMinor: netMinor }),
    amountInWords: amount.currency === "BDT" ? amountInWords(amount.amountMinor) : null,
  };
}

function lineOf({ id, amount, status, createdAt }: Refund): ReceiptRefund[] {
  if (status !== "PENDING" && status !== "SUCCEEDED") return [];
  return [{ id, amount, amountDisplay: displayMoney(amount), status, createdAt }];
}
