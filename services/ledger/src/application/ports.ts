import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../domain/account.ts";
import type { Adjustment, Refusal, RejectionCode } from "../domain/adjustment.ts";
import type { Block } from "../domain/block.ts";
import type { IntegrityBreak, ProvedAccount, ProvedBlock, ProvedTransaction } from "../domain/book-proof.ts";
import type { Draft } from "../domain/draft.ts";
import type { OpenItem } from "../domain/open-item.ts";
import type { BookTerms } from "../domain/posting-rules.ts";
import type { StatementLine } from "../domain/statement.ts";
import type { Transaction } from "../domain/transaction.ts";

/** The books themselves: one per application and mode, opened by the first fact. */
export interface Books {
  /** Opens the book when it is new. Raises SERVICE_UNAVAILABLE. */
  open(scope: Scope): Promise<BookTerms>;
}

export type PostingOutcome = {
  /**
   * REPLAYED: the same request was posted before. IDEMPOTENCY_KEY_CONFLICT: the business key belongs to another one, or
   * the event brought another one before; nothing was written. A rejection, which only a command can get, is kept for ever.
   */
  readonly code: "POSTED" | "REPLAYED" | "IDEMPOTENCY_KEY_CONFLICT" | RejectionCode;
  /** Of the transaction that holds the key or came with the event; 0 when there is none. */
  readonly seq: number;
};

/** The only way to write a transaction. */
export interface Postings {
  /**
   * Posts drafts to one open book, in their order, each with its inbox row, balances, day totals and open items in one
   * commit. One outcome per draft. Raises SERVICE_UNAVAILABLE and DEADLINE_EXCEEDED, and then the same drafts may be
   * posted again: their keys make it harmless.
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

export type ParkedEvent = {
  readonly event: ReceivedEvent;
  readonly reason: ParkReason;
  readonly error: string;
  readonly parkedAt: Instant;
};

export interface ParkedEvents {
  /**
   * Puts an event aside and announces it as `ledger.event.parked`, in one commit. False when the inbox knew the event:
   * then nothing is written. What comes under the name of an event that was posted or passed over, and is another fact
   * (KEY_CONFLICT), is put aside all the same, once. Raises SERVICE_UNAVAILABLE and DEADLINE_EXCEEDED.
   */
  park(event: ReceivedEvent, reason: ParkReason, error: string): Promise<boolean>;
  /** Remembers events that ask for no posting. Raises as `park`. */
  ignore(events: readonly ReceivedEvent[]): Promise<void>;
  /** The event while it waits; null once it is solved, or was never parked. */
  waiting(uuid: string): Promise<ParkedEvent | null>;
  /** The oldest first, beginning after `after`. */
  list(page: { readonly after: string | null; readonly limit: number }): Promise<readonly ParkedEvent[]>;
  /** It needs no posting any more. */
  resolve(uuid: string, resolution: string): Promise<void>;
}

export interface Retention {
  /**
   * Forgets at most `limit` events that came thirty days ago or earlier, later than any stream repeats them; parked ones
   * are kept. How many. Raises SERVICE_UNAVAILABLE and DEADLINE_EXCEEDED.
   */
  forgetEvents(limit: number): Promise<number>;
}

export type AccountKey = { readonly path: string; readonly currency: string };

/** When figures are asked for. BUSINESS_DATE: the end of that day, with everything that is known now. */
export type Moment =
  | { readonly at: "NOW" }
  | { readonly at: "SEQ"; readonly seq: number }
  | { readonly at: "RECORDED"; readonly instant: Instant }
  | { readonly at: "BUSINESS_DATE"; readonly date: string };

export const NOW: Moment = { at: "NOW" };

/** Figures that belong together: all were read in one snapshot, after the sequence `asOfSeq` of the book. */
export type AsOf<T> = T & { readonly asOfSeq: number };

export type BookHead = {
  readonly scope: Scope;
  readonly utcOffsetMinutes: number;
  readonly lastSeq: number;
  readonly lastBlock: number;
  readonly head: Uint8Array;
  readonly recordedAt: Instant;
};

export type TransactionName =
  | { readonly by: "SEQ"; readonly seq: number }
  | { readonly by: "EVENT"; readonly uuid: string }
  | { readonly by: "KEY"; readonly key: string };

export type Rejection = {
  readonly key: string;
  readonly code: RejectionCode;
  readonly blockNo: number;
  readonly recordedAt: Instant;
};

export type FoundTransaction =
  | { readonly transaction: Transaction; readonly reversedBy: number | null }
  | { readonly rejection: Rejection };

export type OpenItemsPage = {
  readonly pathPrefix: string;
  readonly currency: string | null;
  readonly ref: string | null;
  readonly minAgeSeconds: number;
  readonly wrongSignOnly: boolean;
  readonly after: Pick<OpenItem, "path" | "currency" | "openedSeq" | "ref"> | null;
  readonly limit: number;
};

/** Each read is one snapshot; null means that there is no such book. All raise SERVICE_UNAVAILABLE. */
export interface LedgerReads {
  book(scope: Scope): Promise<BookHead | null>;
  /** All books by their internal order, beginning after `after`. */
  books(page: { readonly after: Scope | null; readonly limit: number }): Promise<readonly BookHead[]>;
  account(
    scope: Scope,
    key: AccountKey,
    moment?: Moment,
  ): Promise<AsOf<{ readonly account: Account | null }> | null>;
  /** By path, then currency, beginning after `after`. */
  accounts(
    scope: Scope,
    page: { readonly pathPrefix: string; readonly after: AccountKey | null; readonly limit: number },
  ): Promise<AsOf<{ readonly accounts: readonly Account[] }> | null>;
  /** All accounts: a book has as many as its chart, gateways and currencies give, and no page of them would balance. */
  allAccounts(scope: Scope, moment?: Moment): Promise<AsOf<{ readonly accounts: readonly Account[] }> | null>;
  /** Entries of one account in the range of sequences, by version, beginning after `afterVersion`. */
  statement(
    scope: Scope,
    key: AccountKey,
    page: {
      readonly fromSeq: number;
      readonly toSeq: number;
      readonly descending: boolean;
      readonly afterVersion: number | null;
      readonly limit: number;
    },
  ): Promise<AsOf<{
    /** Null when the book has no such account. */
    readonly openingBalanceMinor: bigint | null;
    readonly lines: readonly StatementLine[];
  }> | null>;
  /** Null also when there is neither such a transaction nor a rejection under the key. */
  transaction(scope: Scope, name: TransactionName): Promise<FoundTransaction | null>;
  /** By sequence, beginning after `afterSeq`; empty also when there is no such book. */
  transactions(
    scope: Scope,
    page: {
      /** Null for any. */
      readonly reference: string | null;
      /** An open item of one of the legs; null for any. */
      readonly ref: string | null;
      readonly afterSeq: number;
      readonly limit: number;
    },
  ): Promise<readonly Transaction[]>;
  /** By account, then oldest first. */
  openItems(scope: Scope, page: OpenItemsPage): Promise<AsOf<{ readonly items: readonly OpenItem[] }> | null>;
  blocks(
    scope: Scope,
    page: { readonly fromBlock: number; readonly limit: number },
  ): Promise<readonly Block[]>;
}

export type Decision =
  | { readonly status: "APPROVED"; readonly checker: string }
  | { readonly status: "DECLINED"; readonly checker: string; readonly why: string };

export interface Adjustments {
  /**
   * Keeps a proposal, as INVALID when it is refused; the same key, content and maker give the one kept before. Raises
   * SERVICE_UNAVAILABLE.
   */
  propose(
    scope: Scope,
    proposal: {
      readonly key: string;
      readonly content: string;
      readonly contentHash: Uint8Array;
      readonly maker: string;
      /** Null when somebody may decide it. */
      readonly refusal: Refusal | null;
    },
  ): Promise<Adjustment | "KEY_CONFLICT">;
  /** Decides one that is still open, on the database's clock; false when it is not, or the checker is its maker. */
  decide(scope: Scope, id: number, decision: Decision): Promise<boolean>;
  byId(scope: Scope, id: number): Promise<Adjustment | null>;
  /** Newest first, beginning below `before`. */
  list(
    scope: Scope,
    page: { readonly proposedOnly: boolean; readonly before: number | null; readonly limit: number },
  ): Promise<readonly Adjustment[]>;
  /** Approved before so many seconds, and neither posted nor rejected. */
  undone(
    afterSeconds: number,
    limit: number,
  ): Promise<readonly { readonly scope: Scope; readonly id: number }[]>;
  /** Closes what nobody decided in time; how many. */
  expire(limit: number): Promise<number>;
}

/** What an adjustment is, and what the book says under its key. */
export type ProvedAdjustment = {
  readonly id: number;
  readonly content: string;
  readonly contentHash: Uint8Array;
  readonly maker: string;
  readonly checker: string | null;
  readonly status: string;
  readonly kind: "ADJUST" | "REVERSE";
  /** Null when it was not posted and not refused. */
  readonly requestHash: Uint8Array | null;
  /** Null when it was not posted. */
  readonly posted: { readonly seq: number; readonly actor: string; readonly approver: string | null } | null;
};

/** One book as it was at one moment, for as long as it is held. */
export interface BookSnapshot extends AsyncDisposable {
  readonly head: BookHead;
  /** Every block with all that is in it, ascending. */
  blocks(): AsyncIterable<ProvedBlock>;
  provedTransaction(seq: number): Promise<ProvedTransaction | null>;
  accounts(): Promise<readonly ProvedAccount[]>;
  adjustments(): Promise<readonly ProvedAdjustment[]>;
  /**
   * The first figure that is kept beside the entries and that they do not add up to: V1 rows that no block holds, V6 day
   * totals, V7 open items, V10 keys both posted and refused, V11 the inbox, V14
   * commands that nobody proposed.
   */
  firstDrift(): Promise<IntegrityBreak | null>;
  /** Transactions of a range, ascending. */
  transactions(range: { readonly fromSeq: number; readonly toSeq: number }): AsyncIterable<Transaction>;
  /** The block that holds a sequence; null before the first. */
  blockOf(seq: number): Promise<Block | null>;
  accountsAsOf(seq: number): Promise<readonly Account[]>;
}

export interface BookSnapshots {
  /** Null when there is no such book. Raises SERVICE_UNAVAILABLE when too many are held. */
  open(scope: Scope): Promise<BookSnapshot | null>;
}

export interface IntegrityAlarms {
  /** Announces `ledger.integrity.broken`. Raises SERVICE_UNAVAILABLE. */
  raise(scope: Scope, found: IntegrityBreak): Promise<void>;
}
