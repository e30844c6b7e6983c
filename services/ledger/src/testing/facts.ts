import { formatUuid, uuidV7 } from "@oi/kernel/id";
import type { Mode, Scope } from "@oi/kernel/scope";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import type { ReceivedEvent } from "../application/ports.ts";
import {
  type Adjustment,
  type AdjustmentContent,
  adjustmentDraft,
  contentHash,
  contentText,
} from "../domain/adjustment.ts";
import type { Condition, Draft, Leg } from "../domain/draft.ts";
import type { Captured, Fact, LateMoney, Mismatch, RefundFact } from "../domain/fact.ts";
import { draftOf } from "../domain/posting-rules.ts";
import type { Transaction } from "../domain/transaction.ts";

/** 2026-01-05T07:59:59Z: 13:59:59 of the same day in Dhaka. */
export const OCCURRED_AT = 1_767_599_999_000;
export const RECORDED_AT = OCCURRED_AT + 1_000;

let count = 0;

/** A number that no other test of this process uses. */
export function unique(): number {
  count += 1;
  return count;
}

/** A book that no other test uses. */
export function freshScope(mode: Mode = "LIVE"): Scope {
  return { applicationId: unique(), mode };
}

export function freshEventUuid(): string {
  return formatUuid(uuidV7(unique(), new Uint8Array(10)));
}

/** 600.00 BDT, of which the gateway keeps 15.00. */
export function captured(changes: Partial<Captured> = {}): Captured {
  return {
    kind: "CAPTURE",
    source: { eventUuid: freshEventUuid(), subject: "payments.payment.succeeded" },
    scope: { applicationId: 7, mode: "LIVE" },
    occurredAt: OCCURRED_AT,
    paymentId: 123,
    attemptId: 9,
    gateway: "sslcommerz",
    gatewayTxnId: "GW-1",
    amount: { amountMinor: 60_000n, currency: "BDT" },
    settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor: 58_500n },
    ...changes,
  };
}

/** 69.00 BDT, of which the gateway keeps 1.72. */
export function lateMoney(changes: Partial<LateMoney> = {}): LateMoney {
  return {
    ...captured({ gatewayTxnId: null }),
    source: { eventUuid: freshEventUuid(), subject: "payments.late_receipt.recorded" },
    kind: "LATE",
    receiptId: 55,
    amount: { amountMinor: 6_900n, currency: "BDT" },
    settlement: { currency: "BDT", grossMinor: 6_900n, storeMinor: 6_728n },
    ...changes,
  };
}

export function draft(fact: Fact): Draft {
  return draftOf(fact, { utcOffsetMinutes: 360 }, nodeSha256);
}

/** A refund of 10.00 BDT of the payment that `captured` makes. */
export function refund(kind: RefundFact["kind"], changes: Partial<RefundFact> = {}): RefundFact {
  const amount = changes.amount ?? { amountMinor: 1_000n, currency: "BDT" };
  return {
    ...captured({ gatewayTxnId: null }),
    source: { eventUuid: freshEventUuid(), subject: `payments.refund.${kind.toLowerCase()}` },
    kind,
    refundId: 7,
    origin: { type: "MERCHANT" },
    amount,
    settlement: { currency: amount.currency, grossMinor: amount.amountMinor, storeMinor: null },
    ...changes,
  };
}

/** Money of another amount than asked, confirmed by an operator. */
export function mismatch(changes: Partial<Mismatch> = {}): Mismatch {
  return {
    ...captured({ gatewayTxnId: null }),
    source: { eventUuid: freshEventUuid(), subject: "payments.mismatch.confirmed" },
    kind: "MISMATCH",
    attemptId: 9,
    ...changes,
  };
}

export type CommandOptions = {
  readonly id: number;
  readonly legs?: readonly Leg[];
  readonly conditions?: readonly Condition[];
  readonly businessDate?: string;
  /** Undoes this one, with exactly its mirror. */
  readonly original?: Transaction;
  readonly reason?: string;
};

/** What an approved adjustment posts: by default a write-off of 1.00 BDT that the application earned. */
export function command(options: CommandOptions): Draft {
  const { id, original } = options;
  const content: AdjustmentContent = {
    businessDate: options.businessDate ?? null,
    conditions: options.conditions ?? [],
    legs: original
      ? []
      : (options.legs ?? [
          { path: "Expenses:WriteOff", currency: "BDT", amountMinor: 100n, ref: null },
          { path: "Liabilities:Merchant:Payable", currency: "BDT", amountMinor: -100n, ref: null },
        ]),
    reason: options.reason ?? "agreed with the merchant",
    reference: null,
    reverseSeq: original?.seq ?? null,
  };
  const by = { checker: "bela", decidedAt: OCCURRED_AT };
  const adjustment: Adjustment = {
    id,
    content,
    contentHash: contentHash(contentText(content), nodeSha256),
    maker: "anik",
    createdAt: OCCURRED_AT,
    expiresAt: OCCURRED_AT,
    state: { status: "APPROVED", ...by },
  };
  return adjustmentDraft(adjustment, by, original ?? null, { utcOffsetMinutes: 360 }, nodeSha256);
}

export function receivedEvent(changes: Partial<ReceivedEvent> = {}): ReceivedEvent {
  return {
    uuid: freshEventUuid(),
    id: "evt_1111111111111111111111",
    subject: "payments.payment.succeeded",
    headers: { "ce-id": "evt_1111111111111111111111" },
    payload: "{}",
    deliveries: 1,
    ...changes,
  };
}
