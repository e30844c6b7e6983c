import type { Scope } from "@oi/kernel/scope";
import { type Account, type CurrencyTotal, totalsByCurrency } from "../domain/account.ts";
import { bookNotFound } from "./missing.ts";
import type { AsOf, LedgerReads } from "./ports.ts";

type TrialBalance = AsOf<{
  readonly accounts: readonly Account[];
  readonly totals: readonly CurrencyTotal[];
}>;

export type GetTrialBalance = (scope: Scope) => Promise<TrialBalance>;

/** Every account with its totals, and each currency's totals over all of them. Raises RESOURCE_NOT_FOUND. */
export function getTrialBalance({ reads }: { readonly reads: LedgerReads }): GetTrialBalance {
  return async (scope) => {
    const found = await reads.allAccounts(scope);
    if (!found) throw bookNotFound();
    return { ...found, totals: totalsByCurrency(found.accounts) };
  };
}
