import { unreachable } from "@oi/kernel/assert";
import { businessDate } from "./business-date.ts";
import type { Sha256 } from "./canonical-bytes.ts";
import {
  CONVERSION,
  gatewayFee,
  gatewayReceivable,
  LATE_MONEY,
  MERCHANT_PAYABLE,
  REFUNDS_IN_FLIGHT,
  suspense,
} from "./chart.ts";
import { balanced, type Draft, type Leg } from "./draft.ts";
import { type Charge, type Fact, isRefund, type RefundFact } from "./fact.ts";
import { requestHash } from "./request-hash.ts";
import { TRANSACTION_KINDS } from "./transaction-kind.ts";

/** Stands on every transaction. A new version applies to new facts only. */
export const RULE_VERSION = 1;
const ACTOR = "payments";

export type BookTerms = { readonly utcOffsetMinutes: number };

type Posting = { readonly key: string; readonly legs: readonly Leg[]; readonly isFeeUnknown: boolean };

/** Turns a fact into the one transaction that records it. */
export function draftOf(fact: Fact, book: BookTerms, sha256: Sha256): Draft {
  const { key, legs, isFeeUnknown } = isRefund(fact) ? refundPosting(fact) : chargePosting(fact);
  return balanced({
    key,
    requestHash: requestHash(fact, sha256),
    kind: TRANSACTION_KINDS[fact.kind],
    rule: RULE_VERSION,
    businessDate: businessDate(fact.occurredAt, book.utcOffsetMinutes),
    occurredAt: fact.occurredAt,
    reference: `payment:${fact.paymentId}`,
    source: fact.source,
    actor: ACTOR,
    approver: null,
    reversesSeq: null,
    conditions: [],
    details: detailsOf(fact, isFeeUnknown),
    legs,
  });
}

/** What a kind of charge decides: its business key, its open item, and whose money it is. */
type ChargeRule = {
  readonly key: string;
  readonly item: string;
  readonly owed: Pick<Leg, "path" | "ref">;
};

function chargeRule(fact: Charge): ChargeRule {
  const payment = `payment:${fact.paymentId}`;
  switch (fact.kind) {
    case "CAPTURE":
      return { key: `${payment}:captured`, item: payment, owed: { path: MERCHANT_PAYABLE, ref: null } };
    case "LATE": {
      const item = `late:${fact.receiptId}`;
      return { key: `${payment}:${item}`, item, owed: { path: LATE_MONEY, ref: item } };
    }
    case "MISMATCH": {
      const item = `mismatch:${fact.attemptId}`;
      return { key: `${payment}:${item}`, item, owed: { path: suspense(fact.gateway), ref: item } };
    }
    default:
      return unreachable(fact);
  }
}

function chargePosting(fact: Charge): Posting {
  const { key, item, owed } = chargeRule(fact);
  const fee = feeOf(fact);
  const credit: Leg = { ...owed, currency: fact.amount.currency, amountMinor: -fact.amount.amountMinor };
  return {
    key,
    legs: [...exchange(received(fact, item), credit), ...feeLegs(fact, item, fee ?? 0n)],
    isFeeUnknown: fee === null,
  };
}

/** What the gateway owes us of the whole charge, in the currency that it settles in. */
function received({ gateway, settlement }: Fact, ref: string): Leg {
  const { currency, grossMinor } = settlement;
  return { path: gatewayReceivable(gateway), currency, amountMinor: grossMinor, ref };
}

/**
 * Two legs that mean the same money. The ledger never converts: in two currencies, each balances against the conversion
 * account.
 */
function exchange(first: Leg, second: Leg): readonly Leg[] {
  if (first.currency === second.currency) return [first, second];
  const counter = ({ currency, amountMinor }: Leg): Leg => ({
    path: CONVERSION,
    currency,
    amountMinor: -amountMinor,
    ref: null,
  });
  const pair = [counter(first), counter(second)];
  return [
    first,
    second,
    ...pair.filter((leg) => leg.amountMinor > 0n),
    ...pair.filter((leg) => leg.amountMinor < 0n),
  ];
}

/** Null when the gateway named no amount that can be true; the settlement then tells the fee. */
function feeOf({ settlement: { grossMinor, storeMinor } }: Charge): bigint | null {
  if (storeMinor === null || storeMinor <= 0n || storeMinor > grossMinor) return null;
  return grossMinor - storeMinor;
}

function feeLegs({ gateway, settlement: { currency } }: Charge, item: string, fee: bigint): readonly Leg[] {
  if (fee === 0n) return [];
  return [
    { path: gatewayFee(gateway), currency, amountMinor: fee, ref: null },
    { path: gatewayReceivable(gateway), currency, amountMinor: -fee, ref: item },
  ];
}

/**
 * Success and failure of one refund share a key, so that not both can be posted. They may come before the reservation:
 * the item in flight then dips to the other side and meets zero all the same.
 */
function refundPosting(fact: RefundFact): Posting {
  const item = `refund:${fact.refundId}`;
  const { amountMinor, currency } = fact.amount;
  const source: Leg = { ...sourceOf(fact), currency, amountMinor };
  const inFlight: Leg = { path: REFUNDS_IN_FLIGHT, currency, amountMinor, ref: item };
  const credited = (leg: Leg): Leg => ({ ...leg, amountMinor: -leg.amountMinor });
  switch (fact.kind) {
    case "RESERVE":
      return { key: `${item}:reserved`, legs: [source, credited(inFlight)], isFeeUnknown: false };
    case "SETTLE":
      return {
        key: `${item}:outcome`,
        legs: exchange(inFlight, credited(received(fact, item))),
        isFeeUnknown: false,
      };
    case "RELEASE":
      return { key: `${item}:outcome`, legs: [inFlight, credited(source)], isFeeUnknown: false };
    default:
      return unreachable(fact.kind);
  }
}

function sourceOf({ origin, gateway }: RefundFact): Pick<Leg, "path" | "ref"> {
  switch (origin.type) {
    case "MERCHANT":
      return { path: MERCHANT_PAYABLE, ref: null };
    case "LATE_MONEY":
      return { path: LATE_MONEY, ref: `late:${origin.ref}` };
    case "MISMATCH":
      return { path: suspense(gateway), ref: `mismatch:${origin.ref}` };
    default:
      return unreachable(origin);
  }
}

/** Keys stand in alphabetical order, because the text is hashed. */
function detailsOf(fact: Fact, isFeeUnknown: boolean): string {
  return JSON.stringify({
    ...(fact.attemptId === null ? {} : { attempt: String(fact.attemptId) }),
    ...(isFeeUnknown ? { fee: "unknown" } : {}),
    gateway: fact.gateway,
    ...(fact.gatewayTxnId === null ? {} : { gatewayTxnId: fact.gatewayTxnId }),
    ...(isRefund(fact) ? { refund: String(fact.refundId) } : {}),
  });
}
