import { invalid } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Transaction } from "../domain/transaction.ts";
import type { LedgerReads } from "./ports.ts";

type TransactionsPage = {
  readonly transactions: readonly Transaction[];
  /** The sequence that the next page begins after; null at the end. */
  readonly next: number | null;
};

export type ListTransactions = (
  scope: Scope,
  page: {
    readonly reference: string | null;
    readonly ref: string | null;
    readonly afterSeq: number;
    readonly size: number;
  },
) => Promise<TransactionsPage>;

/**
 * What was posted for a reference, for an open item, or at all; ascending. Postings made meanwhile never shift or repeat
 * a row. Raises VALIDATION_ERROR for both at once.
 */
export function listTransactions({ reads }: { readonly reads: LedgerReads }): ListTransactions {
  return async (scope, { size, ...page }) => {
    if (page.reference !== null && page.ref !== null)
      throw invalid({ ref: "must be absent when there is a reference" });
    const found = await reads.transactions(scope, { ...page, limit: size + 1 });
    const transactions = found.slice(0, size);
    return { transactions, next: found.length > size ? (transactions.at(-1)?.seq ?? null) : null };
  };
}
