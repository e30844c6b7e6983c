import { assert } from "@oi/kernel/assert";
import type { Account } from "../../domain/account.ts";
import type { Transaction } from "../../domain/transaction.ts";

/** The driver gives bigint as text: amounts become bigint, counters and times exact numbers. */
export function exactNumber(text: string): number {
  const number = Number(text);
  assert(Number.isSafeInteger(number), `${text} is larger than 2^53-1`);
  return number;
}

export type AccountRow = {
  readonly path: string;
  readonly currency: string;
  readonly clearing: boolean;
  readonly status: Account["status"];
  readonly debits: string;
  readonly credits: string;
  readonly version: string;
};

export function toAccount(row: AccountRow): Account {
  return {
    path: row.path,
    currency: row.currency,
    clearing: row.clearing,
    status: row.status,
    debitsMinor: BigInt(row.debits),
    creditsMinor: BigInt(row.credits),
    version: exactNumber(row.version),
  };
}

/** Inside JSON, so the amounts come as text there too. */
type EntryRow = {
  readonly leg: number;
  readonly path: string;
  readonly currency: string;
  readonly amount: string;
  readonly balance_after: string;
  readonly account_version: string;
  readonly ref: string | null;
};

export type TransactionRow = {
  readonly seq: string;
  readonly block_no: string;
  readonly kind: number;
  readonly rule: number;
  readonly business_date: string;
  readonly occurred_ms: string;
  readonly recorded_ms: string;
  readonly idem_key: string;
  readonly reference: string;
  readonly event_id: string | null;
  readonly actor: string;
  readonly approver: string | null;
  readonly reverses_seq: string | null;
  readonly details: string;
  readonly leaf: string;
  readonly entries: readonly EntryRow[];
};

export function toTransaction(row: TransactionRow): Transaction {
  return {
    seq: exactNumber(row.seq),
    blockNo: exactNumber(row.block_no),
    kind: row.kind,
    rule: row.rule,
    businessDate: row.business_date,
    occurredAt: exactNumber(row.occurred_ms),
    recordedAt: exactNumber(row.recorded_ms),
    key: row.idem_key,
    reference: row.reference,
    eventUuid: row.event_id,
    actor: row.actor,
    approver: row.approver,
    reversesSeq: row.reverses_seq === null ? null : exactNumber(row.reverses_seq),
    details: row.details,
    leaf: row.leaf,
    entries: row.entries.map((entry) => ({
      leg: entry.leg,
      path: entry.path,
      currency: entry.currency,
      amountMinor: BigInt(entry.amount),
      ref: entry.ref,
      balanceAfterMinor: BigInt(entry.balance_after),
      accountVersion: exactNumber(entry.account_version),
    })),
  };
}
