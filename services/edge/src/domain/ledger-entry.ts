import type { Instant } from "@oi/kernel/instant";
import type { TimelineEntry, Words } from "./timeline.ts";

/** One balanced transaction of the ledger. */
export type LedgerTransaction = {
  /** Its place in the application's book. */
  readonly seq: number;
  readonly kind: string;
  readonly recordedAt: Instant;
  /** The event it came from; null for an operator's command. */
  readonly eventId: string | null;
  readonly actor: string;
  readonly legs: readonly LedgerLeg[];
};

/** Minor units; a debit is positive, a credit negative. */
export type LedgerLeg = { readonly account: string; readonly currency: string; readonly amountMinor: number };

const KINDS: Readonly<Record<string, Words>> = {
  CAPTURE: { en: "payment posted", bn: "পেমেন্ট জমা" },
  LATE: { en: "late money posted", bn: "দেরিতে আসা টাকা জমা" },
  MISMATCH: { en: "money of another amount posted", bn: "অমিল টাকা জমা" },
  RESERVE: { en: "refund set aside", bn: "ফেরতের টাকা আলাদা রাখা" },
  SETTLE: { en: "refund posted", bn: "ফেরত সম্পন্ন" },
  RELEASE: { en: "refund given up", bn: "ফেরত বাতিল" },
  ADJUST: { en: "adjusted", bn: "সমন্বয়" },
  REVERSE: { en: "reversed", bn: "বিপরীত ভুক্তি" },
};

/** What a merchant reads of a transaction: its lines, and that they come to nothing. */
export function ledgerEntry(transaction: LedgerTransaction): TimelineEntry {
  const { seq, kind, recordedAt, eventId, actor, legs } = transaction;
  const words = KINDS[kind] ?? { en: "posted", bn: "ভুক্তি" };
  return {
    id: `ledger:${seq}`,
    at: recordedAt,
    kind: "ledger",
    title: { en: `Ledger: ${words.en}`, bn: `লেজার: ${words.bn}` },
    actor,
    status: null,
    version: null,
    refs: { transactionId: String(seq), ...(eventId === null ? {} : { eventId }) },
    detail: {
      transactionId: seq,
      type: kind,
      lines: legs.map(lineOf),
      sumMinor: legs.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    },
  };
}

function lineOf({ account, currency, amountMinor }: LedgerLeg) {
  return {
    account,
    currency,
    debitMinor: Math.max(amountMinor, 0),
    creditMinor: Math.max(-amountMinor, 0),
  };
}
