import type { CallbackChannel, CallbackStatus } from "./callback.ts";
import type { Channel } from "./channel.ts";
import type { Outcome } from "./outcome.ts";
import type { RefundStatus } from "./refund.ts";
import type { Fields, SignMode } from "./signature.ts";

export const OPERATIONS = ["session", "validate", "query", "refund", "refundStatus"] as const;

/** What a merchant can ask the gateway for. */
export type Operation = (typeof OPERATIONS)[number];

/** Every key of a match has to hold, and a `*` in it stands for any text. */
export type Match = Partial<{
  readonly tranId: string;
  /** In the merchant's currency, two decimals; on the two refund operations the amount of the refund. */
  readonly amount: string;
  readonly email: string;
  readonly storeId: string;
}>;

/** What one payment, or one refund of it, is known by. */
export type Subject = Required<Match> & {
  readonly of: "payment" | "refund";
  readonly currency: string;
  /** What rules with `per: "payment"` are counted by: the payment, and on the refund operations the refund. */
  readonly unit: string;
};

/** A customer who acts by themselves. */
export type CustomerPart = Partial<{
  readonly outcome: Outcome;
  readonly channel: Channel;
  readonly afterMs: number;
  /** So long after the end of the outcome, money comes all the same. */
  readonly lateMs: number;
}>;

/** What happens to a callback on its way. `setSigned` changes fields before they are signed, `set` after it. */
export type CallbackPart = Partial<{
  readonly drop: boolean;
  readonly delayMs: number;
  readonly copies: number;
  readonly sign: SignMode;
  readonly setSigned: Fields;
  readonly set: Fields;
}>;

export const IPN_ORDERS = ["before_return", "after_return", "before_session_answer"] as const;

export type IpnOrder = (typeof IPN_ORDERS)[number];

export type IpnPart = CallbackPart &
  Partial<{
    /** All copies at once, each over a connection of its own. */
    readonly parallel: boolean;
    readonly order: IpnOrder;
    /** Sent again so often, `retryAfterMs` apart, until an answer is 2xx. */
    readonly retries: number;
    readonly retryAfterMs: number;
  }>;

/** A callback that tells what never happened. */
export type ForgedPart = Partial<{
  readonly channel: CallbackChannel;
  readonly status: CallbackStatus;
  readonly sign: SignMode;
  readonly setSigned: Fields;
  readonly set: Fields;
  /** It speaks of another payment of the store, and goes to this one's address. */
  readonly borrow: boolean;
  /** Since the session was opened. */
  readonly afterMs: number;
}>;

export const BODIES = ["normal", "html", "empty", "truncated", "huge", "drip"] as const;
export const CUTS = ["none", "before", "after"] as const;

/** What happens to an answer. `cut` closes the connection before or after the effect of the call. */
export type ReplyPart = Partial<{
  readonly status: number;
  readonly body: (typeof BODIES)[number];
  readonly delayMs: number;
  readonly cut: (typeof CUTS)[number];
  /** Top-level fields; a name with `element.` in front goes to every element of a query. */
  readonly set: Fields;
  /** The gateway does not find what the call is about, and so does nothing. */
  readonly blind: boolean;
  /** A query with one element has been seen to answer with an object in place of a list. */
  readonly elementAs: "list" | "object";
  /** Between two bytes of a `drip`. */
  readonly dripMs: number;
  readonly retryAfterSeconds: number;
}>;

/** What becomes of a refund that was accepted. */
export type RefundPart = Partial<{ readonly end: RefundStatus; readonly afterMs: number }>;

export const TRAN_ID_POLICIES = ["reject", "parallel"] as const;
export const REFUND_POLICIES = ["reject", "replay", "execute_again"] as const;

/** How the gateway does its business; what is absent is as configured. */
export type PolicyPart = Partial<{
  readonly sessionLifetimeMs: number;
  readonly duplicateTranId: (typeof TRAN_ID_POLICIES)[number];
  readonly duplicateRefund: (typeof REFUND_POLICIES)[number];
  /** BDT for one unit of the session's foreign currency, from now on: sessions that are open keep theirs. */
  readonly rate: string;
  /** How far the gateway's clock is ahead of ours where it prints `tran_date`; may be negative. */
  readonly tranDateSkewMs: number;
}>;

/** What validation and query say instead of what was ordered and paid. */
export type TruthPart = Partial<{
  readonly amount: string;
  readonly currency: string;
  readonly storeId: string;
  readonly tranId: string;
  readonly reversedAfterMs: number;
}>;

/** The one way to choose a behaviour. Every part is optional. */
export type Rule = Partial<{
  readonly name: string;
  readonly match: Match;
  /** Counted per operation: the first `skip` uses pass by, then the rule holds `times` times (absent: for ever). */
  readonly skip: number;
  readonly times: number;
  /** The rule ends so long after it was first in force. */
  readonly forMs: number;
  /** Whether `skip`, `times` and `forMs` are counted over everything, or for each payment anew. */
  readonly per: "rule" | "payment";
  readonly customer: CustomerPart;
  readonly ipn: IpnPart;
  readonly return: CallbackPart;
  readonly forged: readonly ForgedPart[];
  readonly reply: Partial<Record<Operation, ReplyPart>>;
  readonly refund: RefundPart;
  readonly policy: PolicyPart;
  readonly truth: TruthPart;
}>;
