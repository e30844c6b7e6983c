import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../domain/account.ts";
import { accountNotFound, bookNotFound } from "./missing.ts";
import type { AccountKey, AsOf, LedgerReads } from "./ports.ts";

export type GetBalance = (scope: Scope, key: AccountKey) => Promise<AsOf<{ readonly account: Account }>>;

/** One account now. Raises RESOURCE_NOT_FOUND for the book or the account. */
export function getBalance({ reads }: { readonly reads: LedgerReads }): GetBalance {
  return async (scope, key) => {
    const found = await reads.account(scope, key);
    if (!found) throw bookNotFound();
    if (!found.account) throw accountNotFound();
    return { account: found.account, asOfSeq: found.asOfSeq };
  };
}
