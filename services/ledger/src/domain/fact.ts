import { invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import { isCurrency, MAX_AMOUNT_MINOR, type Money } from "@oi/kernel/money";
import type { Scope } from "@oi/kernel/scope";
import { GATEWAY_PATTERN } from "./chart.ts";

/** The event that a fact came in, by its UUID. */
export type FactSource = { readonly eventUuid: string; readonly subject: string };

/** What the gateway says it will credit; `storeMinor` is null when it did not say. */
export type Settlement = {
  readonly currency: string;
  readonly grossMinor: bigint;
  readonly storeMinor: bigint | null;
};

type Movement = {
  readonly source: FactSource;
  readonly scope: Scope;
  readonly occurredAt: Instant;
  readonly paymentId: number;
  readonly attemptId: number | null;
  /** In lower case. */
  readonly gateway: string;
  readonly gatewayTxnId: string | null;
  readonly amount: Money;
  readonly settlement: Settlement;
};

/** The gateway took the money of an open payment. */
export type Captured = Movement & { readonly kind: "CAPTURE" };
/** Money came for a payment that was closed or paid already. */
export type LateMoney = Movement & { readonly kind: "LATE"; readonly receiptId: number };
/** An operator confirmed that the gateway took another amount than asked. */
export type Mismatch = Movement & { readonly kind: "MISMATCH"; readonly attemptId: number };

export type Charge = Captured | LateMoney | Mismatch;

/** Whose money a refund returns: the receipt or attempt names the open item that it empties. */
export type RefundOrigin =
  | { readonly type: "MERCHANT" }
  | { readonly type: "LATE_MONEY"; readonly ref: string }
  | { readonly type: "MISMATCH"; readonly ref: string };

/**
 * RESERVE: asked of the gateway. SETTLE: the gateway returned the money. RELEASE: it did not. The settlement's gross is
 * what the gateway takes back from us.
 */
export type RefundFact = Movement & {
  readonly kind: "RESERVE" | "SETTLE" | "RELEASE";
  readonly refundId: number;
  readonly origin: RefundOrigin;
};

/** Something that happened to money and must be posted; it is never refused for lack of balance. */
export type Fact = Charge | RefundFact;

export function isRefund(fact: Fact): fact is RefundFact {
  return fact.kind === "RESERVE" || fact.kind === "SETTLE" || fact.kind === "RELEASE";
}

function isId(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function isAmount(value: bigint): boolean {
  return value > 0n && value <= MAX_AMOUNT_MINOR;
}

function refundProblems({ refundId, origin }: RefundFact): Record<string, string> {
  return {
    ...(isId(refundId) ? {} : { refundId: "must be positive" }),
    ...(origin.type === "MERCHANT" || /^[1-9]\d{0,15}$/.test(origin.ref)
      ? {}
      : { originRef: "must be the id of the receipt or attempt" }),
  };
}

/**
 * Gives the fact back when it can be posted. Raises VALIDATION_ERROR for ids, amounts, currencies or a gateway that
 * cannot be, and for a charge and a settlement that contradict each other in one currency. An odd fee is no reason:
 * money is never withheld from the ledger because of it.
 */
export function checkedFact<F extends Fact>(fact: F): F {
  const { amount, settlement } = fact;
  const problems: Record<string, string> = {};
  if (!isId(fact.scope.applicationId)) problems.applicationId = "must be positive";
  if (!isId(fact.paymentId)) problems.paymentId = "must be positive";
  if (fact.kind === "LATE" && !isId(fact.receiptId)) problems.receiptId = "must be positive";
  if (fact.kind === "MISMATCH" && !isId(fact.attemptId)) problems.attemptId = "must be positive";
  if (isRefund(fact)) Object.assign(problems, refundProblems(fact));
  if (!GATEWAY_PATTERN.test(fact.gateway)) problems.gateway = "must be a gateway's name in lower case";
  if (!isAmount(amount.amountMinor)) problems.amount = "must be from 1 to 999999999999999 minor units";
  if (!isCurrency(amount.currency)) problems.currency = "must be an ISO 4217 code";
  if (!isAmount(settlement.grossMinor)) problems.settlement = "must be from 1 to 999999999999999 minor units";
  if (!isCurrency(settlement.currency)) problems.settlement = "must have an ISO 4217 currency";
  if (settlement.currency === amount.currency && settlement.grossMinor !== amount.amountMinor) {
    problems.settlement = "must be of the amount charged, when in its currency";
  }
  if (Object.keys(problems).length > 0) throw invalid(problems);
  return fact;
}
