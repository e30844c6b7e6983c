import type { Instant } from "@oi/kernel/instant";
import { formatInstant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import { formatMoney } from "./display-money.ts";
import type { PaymentMethod } from "./method-name.ts";
import type { PaymentStatus } from "./payment.ts";

/** What the customer's side may know of a payment: no ids, no customer data. */
export type Checkout = {
  readonly reference: string;
  readonly status: PaymentStatus;
  readonly mode: Mode;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly appName: string;
  readonly productName: string | null;
  readonly gateway: string;
  readonly redirectUrl: string | null;
  readonly expiresAt: Instant | null;
  readonly paidAt: Instant | null;
  readonly underReview: boolean;
  /** A return or notification arrived since the last opening. */
  readonly awaitingConfirmation: boolean;
  /** Where the opening may lead the browser. */
  readonly gatewayOrigins: readonly string[];
  /** Rises with every change of status or of what is refunded. */
  readonly version: number;
  readonly refundedMinor: bigint;
  readonly refundedAt: Instant | null;
  /** What happens to money that comes after the end. */
  readonly latePaymentPolicy: LatePaymentPolicy;
  /** How it was paid; null until it is. */
  readonly method: PaymentMethod | null;
  /** Money that came after the end, or once more. */
  readonly lateMoney: LateMoney | null;
  /** Money that is not what was asked for; nothing of it happens by itself. */
  readonly differingMoney: DifferingMoney | null;
};

/** HELD waits for a person; SETTLED is what a person found to be nothing to return. */
export type DifferingMoney = "HELD" | "RETURNING" | "RETURNED" | "SETTLED";

export type LatePaymentPolicy = "REFUND" | "HOLD";

export type LateMoney = {
  readonly amountMinor: bigint;
  readonly state: "RETURNING" | "RETURNED" | "HELD";
};

export type CheckoutState =
  | "payable"
  | "waiting"
  | "review"
  | "paid"
  | "partlyRefunded"
  | "refunded"
  | "failed"
  | "cancelled"
  | "expired";

const CLOSED_STATES: Readonly<Record<Exclude<PaymentStatus, "CREATED" | "PENDING">, CheckoutState>> = {
  SUCCEEDED: "paid",
  PARTIALLY_REFUNDED: "partlyRefunded",
  REFUNDED: "refunded",
  FAILED: "failed",
  CANCELLED: "cancelled",
  EXPIRED: "expired",
};

export function isOpen(status: PaymentStatus): status is "CREATED" | "PENDING" {
  return status === "CREATED" || status === "PENDING";
}

/** Nothing opens any more, though the payment may still be open while the gateway is asked. */
export function isTimeOver({ expiresAt }: Checkout, now: Instant): boolean {
  return expiresAt !== null && now >= expiresAt;
}

/**
 * What the page says. Only the stored status decides; coming back from the gateway, or the end of the time, merely
 * turns the offer to pay into waiting, because money may have been taken. Without a session none can have been.
 */
export function stateOf(
  checkout: Checkout,
  { fromGateway, now }: { readonly fromGateway: boolean; readonly now: Instant },
): CheckoutState {
  const { status } = checkout;
  if (!isOpen(status)) return CLOSED_STATES[status];
  if (checkout.underReview || checkout.differingMoney === "HELD") return "review";
  const isOver = isTimeOver(checkout, now);
  const mayBePaid = status === "PENDING" && (fromGateway || isOver);
  if (checkout.awaitingConfirmation || mayBePaid) return "waiting";
  return isOver ? "expired" : "payable";
}

/**
 * Names what a page shows of an open checkout: the payment's version, and what else its text depends on. Whoever holds
 * the same name has seen it all, which is what makes an interrupted stream of events resume without a gap.
 */
export function liveId(checkout: Checkout): string {
  const { version, underReview, awaitingConfirmation, differingMoney } = checkout;
  const marks = [underReview ? ".r" : "", awaitingConfirmation ? ".w" : ""];
  return `${version}${marks.join("")}${differingMoney === null ? "" : `.${differingMoney}`}`;
}

/** What an event tells; a page of ours reads itself again rather than believe it. */
export function liveStatus({ status, underReview }: Checkout) {
  return { status, final: !isOpen(status), underReview };
}

const isoOrNull = (instant: Instant | null): string | null =>
  instant === null ? null : formatInstant(instant);

/** The context of the public contract, for merchants who build a page of their own. */
export function checkoutContext(checkout: Checkout, publicUrl: string): Readonly<Record<string, unknown>> {
  const { reference, status, amountMinor, currency } = checkout;
  return {
    reference,
    status,
    mode: checkout.mode,
    amountMinor: Number(amountMinor),
    amountDisplay: formatMoney(amountMinor, currency, "en"),
    currency,
    appName: checkout.appName,
    productName: checkout.productName,
    gateway: checkout.gateway,
    gatewayRedirectUrl: isOpen(status) ? `${publicUrl}/checkout/${reference}/pay` : null,
    redirectUrl: checkout.redirectUrl,
    expiresAt: isoOrNull(checkout.expiresAt),
    paidAt: isoOrNull(checkout.paidAt),
  };
}
