import type { Scope } from "@oi/kernel/scope";
import type { OpenItem } from "../domain/open-item.ts";
import { bookNotFound } from "./missing.ts";
import type { AsOf, LedgerReads, OpenItemsPage } from "./ports.ts";

export type ListOpenItems = (
  scope: Scope,
  page: Omit<OpenItemsPage, "limit"> & { readonly size: number },
) => Promise<AsOf<{ readonly items: readonly OpenItem[]; readonly next: OpenItemsPage["after"] }>>;

/** What is still open, by account, then oldest first. Raises RESOURCE_NOT_FOUND for the book. */
export function listOpenItems({ reads }: { readonly reads: LedgerReads }): ListOpenItems {
  return async (scope, { size, ...page }) => {
    const found = await reads.openItems(scope, { ...page, limit: size + 1 });
    if (!found) throw bookNotFound();
    const items = found.items.slice(0, size);
    return { items, next: found.items.length > size ? (items.at(-1) ?? null) : null, asOfSeq: found.asOfSeq };
  };
}
