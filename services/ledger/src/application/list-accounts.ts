import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../domain/account.ts";
import { bookNotFound } from "./missing.ts";
import type { AccountKey, AsOf, LedgerReads } from "./ports.ts";

type AccountsPage = AsOf<{
  readonly accounts: readonly Account[];
  /** Where the next page begins; null at the end. */
  readonly next: AccountKey | null;
}>;

export type ListAccounts = (
  scope: Scope,
  page: { readonly pathPrefix: string; readonly after: AccountKey | null; readonly size: number },
) => Promise<AccountsPage>;

/** A book's accounts by path. Raises RESOURCE_NOT_FOUND for the book. */
export function listAccounts({ reads }: { readonly reads: LedgerReads }): ListAccounts {
  return async (scope, { pathPrefix, after, size }) => {
    const found = await reads.accounts(scope, { pathPrefix, after, limit: size + 1 });
    if (!found) throw bookNotFound();
    const accounts = found.accounts.slice(0, size);
    const last = found.accounts.length > size ? accounts.at(-1) : undefined;
    return {
      accounts,
      next: last ? { path: last.path, currency: last.currency } : null,
      asOfSeq: found.asOfSeq,
    };
  };
}
