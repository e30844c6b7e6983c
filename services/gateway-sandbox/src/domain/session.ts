import type { Channel } from "./channel.ts";
import type { Instant } from "./dhaka-time.ts";

export type TryStatus = "PENDING" | "VALID" | "VALIDATED" | "FAILED" | "CANCELLED";

/** One attempt of the customer to pay inside a session. */
export type PaymentTry = {
  readonly number: number;
  readonly status: TryStatus;
  readonly channel: Channel;
  /** Empty until the try is paid. */
  readonly valId: string;
  readonly bankTranId: string;
  readonly at: Instant;
  readonly risk: 0 | 1;
  readonly error: string;
  readonly validatedAt: Instant | null;
};

/** What the merchant asked for. */
export type Order = {
  readonly tranId: string;
  readonly storeId: string;
  readonly currency: string;
  /** In the merchant's currency. */
  readonly currencyAmountMinor: bigint;
  /** In BDT: what is charged and settled. */
  readonly amountMinor: bigint;
  /** BDT for one unit of `currency`, as printed: `1.0000`. */
  readonly rate: string;
  readonly successUrl: string;
  readonly failUrl: string;
  readonly cancelUrl: string;
  readonly ipnUrl: string | null;
  readonly productName: string;
  readonly email: string;
  /** How far the gateway's clock is ahead where it prints `tran_date`. */
  readonly tranDateSkewMs: number;
  readonly values: Readonly<Record<"value_a" | "value_b" | "value_c" | "value_d", string>>;
};

/** The word for a session without any try. */
export type IdleStatus = "PROCESSING" | "UNATTEMPTED" | "EXPIRED";

export type Session = {
  readonly key: string;
  readonly order: Order;
  readonly openedAt: Instant;
  readonly expiresAt: Instant;
  readonly idle: IdleStatus;
  /** Nothing more can be paid on the hosted page. */
  readonly ended: boolean;
  readonly tries: readonly PaymentTry[];
};

export function openSession(key: string, order: Order, openedAt: Instant, lifetimeMs: number): Session {
  return {
    key,
    order,
    openedAt,
    expiresAt: openedAt + lifetimeMs,
    idle: "PROCESSING",
    ended: false,
    tries: [],
  };
}

export function isPaid({ status }: PaymentTry): boolean {
  return status === "VALID" || status === "VALIDATED";
}

/** Adds a try, or replaces the one with the same number where it stands. */
export function putTry(session: Session, next: PaymentTry): Session {
  const isKnown = session.tries.some(({ number }) => number === next.number);
  const tries = isKnown
    ? session.tries.map((old) => (old.number === next.number ? next : old))
    : [...session.tries, next];
  return { ...session, ended: true, tries };
}

/** The customer went away; until its lifetime ends they may come back and pay. */
export function leaveSession(session: Session): Session {
  return { ...session, idle: "UNATTEMPTED" };
}

/** The lifetime is over. Only a session that nobody left and nobody tried to pay is told to the merchant as EXPIRED. */
export function expireSession(session: Session): { session: Session; announced: boolean } {
  const announced = !session.ended && session.idle === "PROCESSING";
  return {
    session: { ...session, ended: true, idle: announced ? "EXPIRED" : session.idle },
    announced,
  };
}

/** The first sight of a paid try says VALID, every later one VALIDATED. */
export function markValidated(paid: PaymentTry, now: Instant): PaymentTry {
  return { ...paid, status: "VALIDATED", validatedAt: paid.validatedAt ?? now };
}

/** One word for the whole session: its last try, else why there is none. */
export function describeStatus(session: Session): TryStatus | IdleStatus {
  return session.tries.at(-1)?.status ?? session.idle;
}
