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
};

/** Money that came late or twice, in minor units of the payment's currency. */
export type LateSums = {
  readonly receivedMinor: bigint;
  /** By refunds that succeeded. */
  readonly returnedMinor: bigint;
  /** By refunds that are not over. */
  readonly returningMinor: bigint;
};

export type LateMoney = {
  readonly amountMinor: bigint;
  readonly state: "RETURNING" | "RETURNED" | "HELD";
};

/** What may be said of late money; null when none came. What no refund takes up waits for the merchant. */
export function lateMoneyOf({ receivedMinor, returnedMinor, returningMinor }: LateSums): LateMoney | null {
  if (receivedMinor === 0n) return null;
  if (returnedMinor >= receivedMinor) return { amountMinor: receivedMinor, state: "RETURNED" };
  const isTakenUp = returnedMinor + returningMinor >= receivedMinor;
  return { amountMinor: receivedMinor, state: isTakenUp ? "RETURNING" : "HELD" };
}
