import { unreachable } from "@oi/kernel/assert";
import { businessDate } from "./business-date.ts";
import type { Sha256 } from "./canonical-bytes.ts";
import { CONVERSION, gatewayFee, gatewayReceivable, LATE_MONEY, MERCHANT_PAYABLE } from "./chart.ts";
import { balanced, type Draft, type Leg } from "./draft.ts";
import type { Fact } from "./fact.ts";
import { requestHash } from "./request-hash.ts";
import { TRANSACTION_KINDS } from "./transaction-kind.ts";

/** Stands on every transaction. A new version applies to new facts only. */
const RULE_VERSION = 1;
const ACTOR = "payments";

export type BookTerms = { readonly utcOffsetMinutes: number };

/** What a kind of charge decides: its business key, its open item, and whose money it is. */
type ChargeRule = { readonly key: string; readonly item: string; readonly owed: Leg };

/** Turns a fact into the one transaction that records it. */
export function draftOf(fact: Fact, book: BookTerms, sha256: Sha256): Draft {
  const rule = chargeRule(fact);
  const fee = feeOf(fact);
  return balanced({
    key: rule.key,
    requestHash: requestHash(fact, sha256),
    kind: TRANSACTION_KINDS[fact.kind],
    rule: RULE_VERSION,
    businessDate: businessDate(fact.occurredAt, book.utcOffsetMinutes),
    occurredAt: fact.occurredAt,
    reference: `payment:${fact.paymentId}`,
    source: fact.source,
    actor: ACTOR,
    details: detailsOf(fact, fee === null),
    legs: [...grossLegs(fact, rule), ...feeLegs(fact, rule.item, fee ?? 0n)],
  });
}

function chargeRule(fact: Fact): ChargeRule {
  const { amountMinor, currency } = fact.amount;
  const credit = { currency, amountMinor: -amountMinor };
  switch (fact.kind) {
    case "CAPTURE": {
      const item = `payment:${fact.paymentId}`;
      return { key: `${item}:captured`, item, owed: { ...credit, path: MERCHANT_PAYABLE, ref: null } };
    }
    case "LATE": {
      const item = `late:${fact.receiptId}`;
      const key = `payment:${fact.paymentId}:${item}`;
      return { key, item, owed: { ...credit, path: LATE_MONEY, ref: item } };
    }
    default:
      return unreachable(fact);
  }
}

/**
 * The charge itself. The ledger never converts: a charge and a settlement in two currencies each balance against the
 * conversion account.
 */
function grossLegs(fact: Fact, { item, owed }: ChargeRule): readonly Leg[] {
  const { amount, settlement, gateway } = fact;
  const receivable: Leg = {
    path: gatewayReceivable(gateway),
    currency: settlement.currency,
    amountMinor: settlement.grossMinor,
    ref: item,
  };
  if (settlement.currency === amount.currency) return [receivable, owed];
  return [
    receivable,
    owed,
    { path: CONVERSION, currency: amount.currency, amountMinor: amount.amountMinor, ref: null },
    { path: CONVERSION, currency: settlement.currency, amountMinor: -settlement.grossMinor, ref: null },
  ];
}

/** Null when the gateway named no amount that can be true; the settlement then tells the fee. */
function feeOf({ settlement: { grossMinor, storeMinor } }: Fact): bigint | null {
  if (storeMinor === null || storeMinor <= 0n || storeMinor > grossMinor) return null;
  return grossMinor - storeMinor;
}

function feeLegs({ gateway, settlement: { currency } }: Fact, item: string, fee: bigint): readonly Leg[] {
  if (fee === 0n) return [];
  return [
    { path: gatewayFee(gateway), currency, amountMinor: fee, ref: null },
    { path: gatewayReceivable(gateway), currency, amountMinor: -fee, ref: item },
  ];
}

/** Keys stand in alphabetical order, because the text is hashed. */
function detailsOf(fact: Fact, isFeeUnknown: boolean): string {
  return JSON.stringify({
    ...(fact.attemptId === null ? {} : { attempt: String(fact.attemptId) }),
    ...(isFeeUnknown ? { fee: "unknown" } : {}),
    gateway: fact.gateway,
    ...(fact.gatewayTxnId === null ? {} : { gatewayTxnId: fact.gatewayTxnId }),
  });
}
