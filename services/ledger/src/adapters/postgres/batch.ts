import type { Draft } from "../../domain/draft.ts";

const NO_EVENT = "00000000-0000-0000-0000-000000000000";
const NO_REF = "";

type BatchAccount = { readonly path: string; readonly currency: string; readonly clearing: string };

/** Drafts as the parallel arrays that `ledger.post_batch` takes; numbers of items and accounts begin at 1. */
export type Batch = {
  readonly drafts: readonly Draft[];
  readonly accounts: readonly BatchAccount[];
  readonly legItems: readonly number[];
  readonly legAccounts: readonly number[];
  readonly legAmounts: readonly string[];
  readonly legRefs: readonly string[];
};

export function toBatch(drafts: readonly Draft[]): Batch {
  const accounts: BatchAccount[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (path: string, currency: string, clearing: boolean): number => {
    const name = `${path} ${currency}`;
    const known = numbers.get(name);
    if (known !== undefined) return known;
    accounts.push({ path, currency, clearing: String(clearing) });
    numbers.set(name, accounts.length);
    return accounts.length;
  };
  const legs = drafts.flatMap((draft, i) => draft.legs.map((leg) => ({ ...leg, item: i + 1 })));
  return {
    drafts,
    accounts,
    legItems: legs.map((leg) => leg.item),
    // A leg has an open item if and only if its account is a clearing account; the draft proved it.
    legAccounts: legs.map((leg) => numberOf(leg.path, leg.currency, leg.ref !== null)),
    legAmounts: legs.map((leg) => String(leg.amountMinor)),
    legRefs: legs.map((leg) => leg.ref ?? NO_REF),
  };
}

export function eventOf({ source }: Draft): string {
  return source?.eventUuid ?? NO_EVENT;
}
