import type { Scope } from "@oi/kernel/scope";
import type { LedgerReads } from "../../application/ports.ts";
import { compareAccounts, type MemoryBook, sortedAccounts } from "./memory-book.ts";

export function memoryReads(find: (scope: Scope) => MemoryBook | undefined): LedgerReads {
  const lastSeq = (book: MemoryBook): number => book.transactions.length;
  return {
    account: async (scope, key) => {
      const book = find(scope);
      if (!book) return null;
      const account = sortedAccounts(book).find((one) => compareAccounts(one, key) === 0) ?? null;
      return { account, asOfSeq: lastSeq(book) };
    },
    accounts: async (scope, { pathPrefix, after, limit }) => {
      const book = find(scope);
      if (!book) return null;
      const accounts = sortedAccounts(book)
        .filter((one) => one.path.startsWith(pathPrefix) && (!after || compareAccounts(one, after) > 0))
        .slice(0, limit);
      return { accounts, asOfSeq: lastSeq(book) };
    },
    allAccounts: async (scope) => {
      const book = find(scope);
      return book ? { accounts: sortedAccounts(book), asOfSeq: lastSeq(book) } : null;
    },
    transactions: async (scope, { reference, afterSeq, limit }) =>
      (find(scope)?.transactions ?? [])
        .filter((one) => one.reference === reference && one.seq > afterSeq)
        .slice(0, limit),
  };
}
