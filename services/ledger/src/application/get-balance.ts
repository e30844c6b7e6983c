import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../domain/account.ts";
import { accountNotFound, bookNotFound } from "./missing.ts";
import { reached } from "./moment-reached.ts";
import type { AccountKey, AsOf, LedgerReads, Moment } from "./ports.ts";

export type GetBalance = (
  scope: Scope,
  key: AccountKey,
  moment?: Moment,
) => Promise<AsOf<{ readonly account: Account }>>;

/** One account at a moment. Raises RESOURCE_NOT_FOUND for the book or the account, VALIDATION_ERROR (AS_OF_IN_FUTURE). */
export function getBalance({ reads }: { readonly reads: LedgerReads }): GetBalance {
  return async (scope, key, moment) => {
    const found = await reads.account(scope, key, moment);
    if (!found) throw bookNotFound();
    const { account, asOfSeq } = reached(found, moment);
    if (!account) throw accountNotFound();
    return { account, asOfSeq };
  };
}
