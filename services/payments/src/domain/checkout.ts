import type { Instant } from "@oi/kernel/instant";
import type { LatePaymentPolicy } from "./application.ts";
import type { PaymentMethod } from "./gateway.ts";
import type { Payment } from "./payment.ts";

/** Everything a checkout page is made of, as it is stored. */
export type CheckoutFile = {
  readonly payment: Payment;
  readonly applicationName: string;
  readonly latePaymentPolicy: LatePaymentPolicy;
  /** A return or notification waits for the gateway's answer. */
  readonly awaitingConfirmation: boolean;
  /** How the payment was paid; the digits of a card stay on the receipt. Null until it is. */
  readonly method: Pick<PaymentMethod, "channel" | "brand"> | null;
  /** When the last refund of the payment's own money succeeded. */
  readonly refundedAt: Instant | null;
  readonly lateSums: LateSums;
  readonly differing: DifferingCounts;
};

/** Money that came late or twice, in minor units of the payment's currency. */
export type LateSums = {
  readonly receivedMinor: bigint;
  /** By refunds that succeeded. */
  readonly returnedMinor: bigint;
  /** By refunds that are on their way; one that waits for a person, because of its amount or of doubt, is not. */
  readonly returningMinor: bigint;
};

export type LateMoney = {
  readonly amountMinor: bigint;
  readonly state: "RETURNING" | "RETURNED" | "HELD";
};

/** How often the gateway named money that is not what was asked for, by what became of it. */
export type DifferingCounts = {
  readonly undecided: number;
  readonly dismissed: number;
  /** Found in our store, with those that refunds return or have returned. */
  readonly confirmed: number;
  readonly returning: number;
  readonly returned: number;
};

export type DifferingMoney = "HELD" | "RETURNING" | "RETURNED" | "SETTLED";

/** What may be said of money that differs; null when none was named. What is not on its way back waits for a person. */
export function differingMoneyOf(counts: DifferingCounts): DifferingMoney | null {
  const { undecided, dismissed, confirmed, returning, returned } = counts;
  if (undecided > 0 || confirmed > returning + returned) return "HELD";
  if (confirmed > 0) return returning > 0 ? "RETURNING" : "RETURNED";
  return dismissed > 0 ? "SETTLED" : null;
}

/** What may be said of late money; null when none came. What no refund takes up waits for the merchant. */
export function lateMoneyOf({ receivedMinor, returnedMinor, returningMinor }: LateSums): LateMoney | null {
  if (receivedMinor === 0n) return null;
  if (returnedMinor >= receivedMinor) return { amountMinor: receivedMinor, state: "RETURNED" };
  const isTakenUp = returnedMinor + returningMinor >= receivedMinor;
  return { amountMinor: receivedMinor, state: isTakenUp ? "RETURNING" : "HELD" };
}
