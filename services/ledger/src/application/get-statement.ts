import type { Scope } from "@oi/kernel/scope";
import type { StatementLine } from "../domain/statement.ts";
import { accountNotFound, bookNotFound } from "./missing.ts";
import type { AccountKey, AsOf, LedgerReads } from "./ports.ts";

type StatementPage = AsOf<{
  readonly openingBalanceMinor: bigint;
  readonly lines: readonly StatementLine[];
  /** The version that the next page begins after; null at the end. */
  readonly next: number | null;
}>;

export type GetStatement = (
  scope: Scope,
  key: AccountKey,
  page: {
    readonly fromSeq: number;
    readonly toSeq: number;
    readonly descending: boolean;
    readonly afterVersion: number | null;
    readonly size: number;
  },
) => Promise<StatementPage>;

/** One account's entries with running balance. Raises RESOURCE_NOT_FOUND for the book or the account. */
export function getStatement({ reads }: { readonly reads: LedgerReads }): GetStatement {
  return async (scope, key, { size, ...page }) => {
    const found = await reads.statement(scope, key, { ...page, limit: size + 1 });
    if (!found) throw bookNotFound();
    if (found.openingBalanceMinor === null) throw accountNotFound();
    const lines = found.lines.slice(0, size);
    const next = found.lines.length > size ? (lines.at(-1)?.accountVersion ?? null) : null;
    return { openingBalanceMinor: found.openingBalanceMinor, lines, next, asOfSeq: found.asOfSeq };
  };
}
