import type { Money } from "@oi/kernel/money";

/**
 * What the payment gateway can say. An adapter reports only that; whether it matches the payment is decided by
 * `judge`, so every gateway gets the same checks.
 */
export type GatewayKind = "SSLCOMMERZ";

/** One store at one gateway: `sslcommerz-test`. Names the account in attempts and evidence, never a credential. */
export type AccountId = string;

export type UnknownCause =
  | "timeout"
  | "connection"
  | "http_status"
  | "not_json"
  | "truncated"
  | "too_large"
  | "unlisted_status"
  | "contradiction"
  | "throttled"
  | "breaker_open"
  /** Bad credentials, an inactive store or a malformed request. */
  | "refused_at_door";

/**
 * The outcome is not known. `sent: false` only when it is certain that no byte left us (name look-up, connect,
 * open breaker, throttle): then a repeat is safe.
 */
export type Unknown = {
  readonly outcome: "unknown";
  readonly cause: UnknownCause;
  readonly sent: boolean;
  readonly retryAfterMs?: number;
};

/** `rejected` is a definite no: no session exists. */
export type SessionOutcome =
  | { readonly outcome: "opened"; readonly sessionKey: string; readonly redirectUrl: string }
  | { readonly outcome: "rejected"; readonly reason: string }
  | Unknown;

export type PaymentMethod = {
  readonly channel: string;
  readonly brand: string;
  readonly issuer: string;
  readonly country: string;
  readonly last4: string | null;
};

export type PaidEvidence = {
  /** Our own reference of the attempt, as the gateway echoes it (SSLCOMMERZ `tran_id`). */
  readonly merchantRef: string;
  /** The gateway's id of this charge (SSLCOMMERZ `val_id`). */
  readonly gatewayRef: string;
  /** The id that refunds, support and the public payment use (SSLCOMMERZ `bank_tran_id`). */
  readonly gatewayTxnId: string;
  /** False: the transaction query says paid, the validation does not (yet) agree. */
  readonly validated: boolean;
  readonly accountRef: string | null;
  /** In the currency we asked for. */
  readonly charged: Money;
  /** The same charge in the account's settlement currency; equals `charged` unless asked in a foreign currency. */
  readonly gross: Money;
  /** What the merchant gets after the fee, as the gateway expects it; never compared with the order. */
  readonly settled: Money | null;
  readonly risk: { readonly level: 0 | 1; readonly title: string };
  readonly method: PaymentMethod;
  /** Information only, never for ordering. */
  readonly gatewayTime: string;
};

export type PendingPhase = "open" | "unattempted" | "in_flight" | "absent";

/** What the gateway answers when we ask. The only thing that moves a payment. */
export type PaymentVerdict =
  | { readonly outcome: "paid"; readonly payments: readonly [PaidEvidence, ...PaidEvidence[]] }
  | { readonly outcome: "failed" | "cancelled" | "expired"; readonly reason: string }
  | { readonly outcome: "pending"; readonly phase: PendingPhase }
  | Unknown;

/** `accepted` = queued by the gateway, the money is not back yet. */
export type RefundOutcome =
  | { readonly outcome: "accepted" | "succeeded"; readonly gatewayRefundId: string }
  | { readonly outcome: "rejected"; readonly reason: string }
  | Unknown;

export type ClaimSignature = "valid" | "weak" | "absent" | "invalid";

/** What a callback says. Never evidence of money. */
export type Claim = {
  readonly merchantRef: string | null;
  readonly gatewayRef: string | null;
  readonly accountRef: string | null;
  readonly money: Money | null;
  readonly says: "paid" | "failed" | "cancelled" | "expired" | "pending" | "unrecognised";
  readonly signature: ClaimSignature;
  readonly note: string | null;
};

export type CallbackChannel = "return" | "notification";

/** A callback as it arrived, before anybody believed a word of it. */
export type RawCallback = {
  readonly channel: CallbackChannel;
  readonly method: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly query: string;
  readonly remoteAddress: string;
};

export type SessionOrder = {
  readonly merchantRef: string;
  readonly amount: Money;
  readonly productName: string;
  readonly customer: {
    readonly name: string | null;
    readonly email: string | null;
    readonly phone: string | null;
  };
  readonly returnUrls: { readonly success: string; readonly fail: string; readonly cancel: string };
  readonly notificationUrl: string;
  readonly paymentReference: string;
  readonly attemptNo: number;
};

export type AttemptRef = { readonly merchantRef: string; readonly sessionKey: string | null };

export type RefundOrder = {
  readonly merchantRefundRef: string;
  readonly gatewayTxnId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly refundId: number;
};

export type RefundRef = { readonly merchantRefundRef: string; readonly gatewayRefundId: string | null };

/** Facts about a gateway that the application branches on; it never branches on the gateway's name. */
export type GatewayCapabilities = {
  readonly kind: GatewayKind;
  readonly confirmTakesMoney: boolean;
  readonly inquireByMerchantRef: boolean;
  readonly merchantRefMaxLength: number;
  readonly refundReplaySafe: boolean;
  /** Limits per currency in minor units; a currency that is absent is not taken. */
  readonly currencies: Readonly<Record<string, { readonly minMinor: bigint; readonly maxMinor: bigint }>>;
};
