import type { Scope } from "@oi/kernel/scope";
import { type Account, type CurrencyTotal, totalsByCurrency } from "../domain/account.ts";
import { bookNotFound } from "./missing.ts";
import { reached } from "./moment-reached.ts";
import type { AsOf, LedgerReads, Moment } from "./ports.ts";

type TrialBalance = AsOf<{
  readonly accounts: readonly Account[];
  readonly totals: readonly CurrencyTotal[];
}>;

export type GetTrialBalance = (
  scope: Scope,
  options?: { readonly moment?: Moment; readonly currency?: string },
) => Promise<TrialBalance>;

/**
 * Every account that has an entry by then, and each currency's totals over all of them; of one currency when that is
 * asked. Raises RESOURCE_NOT_FOUND, VALIDATION_ERROR (AS_OF_IN_FUTURE).
 */
export function getTrialBalance({ reads }: { readonly reads: LedgerReads }): GetTrialBalance {
  return async (scope, { moment, currency } = {}) => {
    const found = await reads.allAccounts(scope, moment);
    if (!found) throw bookNotFound();
    const accounts = reached(found, moment).accounts.filter(
      (one) =>
        (currency === undefined || one.currency === currency) &&
        (one.debitsMinor > 0n || one.creditsMinor > 0n),
    );
    return { accounts, totals: totalsByCurrency(accounts), asOfSeq: found.asOfSeq };
  };
}
