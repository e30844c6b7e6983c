import type { Account } from "./account.ts";
import type { Block } from "./block.ts";
import type { Transaction } from "./transaction.ts";

/** What an export is of. The same description gives the same bytes, for ever. */
export type ExportHeader = {
  readonly applicationId: number;
  readonly mode: string;
  readonly utcOffsetMinutes: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** The block that holds the last sequence; null for an empty book. */
  readonly block: Block | null;
  /** Every account that an entry of the range, or the opening, is on; sorted. */
  readonly accounts: readonly Account[];
  /** Balances before the range, when it does not begin with the book. */
  readonly opening: readonly Account[];
};

/** Writes an export piece by piece; it never sees more than one transaction. */
export interface ExportWriter {
  begin(): string;
  transaction(transaction: Transaction): string;
  end(): string;
}

/** Stands in every export; rises when the bytes of an unchanged book would be others. */
export const EXPORT_VERSION = 1;
