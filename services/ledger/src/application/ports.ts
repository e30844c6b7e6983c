import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../domain/account.ts";
import type { Draft } from "../domain/draft.ts";
import type { BookTerms } from "../domain/posting-rules.ts";
import type { Transaction } from "../domain/transaction.ts";

/** The books themselves: one per application and mode, opened by the first fact. */
export interface Books {
  /** Opens the book when it is new. Raises SERVICE_UNAVAILABLE. */
  open(scope: Scope): Promise<BookTerms>;
}

export type PostingOutcome = {
  /**
   * REPLAYED: the event or the same fact was posted before. IDEMPOTENCY_KEY_CONFLICT: the business key belongs to
   * another fact; nothing was written.
   */
  readonly code: "POSTED" | "REPLAYED" | "IDEMPOTENCY_KEY_CONFLICT";
  /** Of the transaction that holds the key. */
  readonly seq: number;
};

/** The only way to write a transaction. */
export interface Postings {
  /**
   * Posts drafts to one open book, in their order and in one commit, each with its inbox row, balances, day totals and
   * open items. One outcome per draft. Raises SERVICE_UNAVAILABLE and DEADLINE_EXCEEDED, and then the same drafts may
   * be posted again: their keys make it harmless.
   */
  post(scope: Scope, drafts: readonly Draft[]): Promise<readonly PostingOutcome[]>;
}

/** Why an event waits for a person. FAILED: posting it raised an error again and again. */
export type ParkReason = "UNDECODABLE" | "INVALID_FACT" | "KEY_CONFLICT" | "FAILED";

/** An event as it arrived, kept whole so that nothing of a parked one is lost. */
export type ReceivedEvent = {
  readonly uuid: string;
  /** As the event bore it, readable or not. */
  readonly id: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
  readonly deliveries: number;
};

export interface ParkedEvents {
  /**
   * Puts an event aside and announces it as `ledger.event.parked`, in one commit. False when the inbox knew the event:
   * then nothing is written. Raises SERVICE_UNAVAILABLE and DEADLINE_EXCEEDED.
   */
  park(event: ReceivedEvent, reason: ParkReason, error: string): Promise<boolean>;
}

export type AccountKey = { readonly path: string; readonly currency: string };

/** Figures that belong together: all were read in one snapshot, when `asOfSeq` was the book's last sequence. */
export type AsOf<T> = T & { readonly asOfSeq: number };

/** Each read is one snapshot; null means that there is no such book. All raise SERVICE_UNAVAILABLE. */
export interface LedgerReads {
  account(scope: Scope, key: AccountKey): Promise<AsOf<{ readonly account: Account | null }> | null>;
  /** By path, then currency, beginning after `after`. */
  accounts(
    scope: Scope,
    page: { readonly pathPrefix: string; readonly after: AccountKey | null; readonly limit: number },
  ): Promise<AsOf<{ readonly accounts: readonly Account[] }> | null>;
  /** All accounts: a book has as many as its chart, gateways and currencies give, and no page of them would balance. */
  allAccounts(scope: Scope): Promise<AsOf<{ readonly accounts: readonly Account[] }> | null>;
  /** By sequence, beginning after `afterSeq`; empty also when there is no such book. */
  transactions(
    scope: Scope,
    page: { readonly reference: string; readonly afterSeq: number; readonly limit: number },
  ): Promise<readonly Transaction[]>;
}
