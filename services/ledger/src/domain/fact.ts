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

type Charge = {
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
export type Captured = Charge & { readonly kind: "CAPTURE" };
/** Money came for a payment that was closed or paid already. */
export type LateMoney = Charge & { readonly kind: "LATE"; readonly receiptId: number };

/** Something that happened to money and must be posted; it is never refused for lack of balance. */
export type Fact = Captured | LateMoney;

function isId(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function isAmount(value: bigint): boolean {
  return value > 0n && value <= MAX_AMOUNT_MINOR;
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
