import { findChartLine } from "../../domain/chart.ts";
import type { Draft } from "../../domain/draft.ts";

const NO_EVENT = "00000000-0000-0000-0000-000000000000";
const NO_REF = "";
/** The largest number of the database stands for "no bound". */
const UNBOUNDED = "9223372036854775807";

type BatchAccount = {
  readonly path: string;
  readonly currency: string;
  readonly clearing: boolean;
  readonly mayOpen: boolean;
  readonly maxBalance: bigint | string;
};

/** Drafts as the parallel arrays that `ledger.post_batch` takes; numbers of items and accounts begin at 1. */
export type Batch = {
  readonly drafts: readonly Draft[];
  readonly accounts: readonly BatchAccount[];
  readonly legAccounts: readonly number[];
  readonly legAmounts: readonly bigint[];
  readonly legRefs: readonly string[];
  readonly boundItems: readonly number[];
  readonly boundAccounts: readonly number[];
  readonly boundMins: readonly (bigint | string)[];
  readonly boundMaxs: readonly (bigint | string)[];
};

export function toBatch(drafts: readonly Draft[]): Batch {
  const { accounts, numberOf } = accountNumbers();
  const legs = drafts.flatMap((draft) => draft.legs);
  const bounds = drafts.flatMap((draft, i) => draft.conditions.map((one) => ({ ...one, item: i + 1 })));
  return {
    drafts,
    legAccounts: legs.map(numberOf),
    legAmounts: legs.map((leg) => leg.amountMinor),
    legRefs: legs.map((leg) => leg.ref ?? NO_REF),
    boundItems: bounds.map((one) => one.item),
    boundAccounts: bounds.map(numberOf),
    boundMins: bounds.map((one) => one.minMinor ?? `-${UNBOUNDED}`),
    boundMaxs: bounds.map((one) => one.maxMinor ?? UNBOUNDED),
    accounts,
  };
}

function accountNumbers() {
  const accounts: BatchAccount[] = [];
  const numbers = new Map<string, number>();
  const numberOf = ({ path, currency }: { readonly path: string; readonly currency: string }): number => {
    const name = `${path} ${currency}`;
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const line = findChartLine(path);
    accounts.push({
      path,
      currency,
      clearing: line?.clearing ?? false,
      // A fact opens whatever it needs; a command, only what cannot be a mistyped name.
      mayOpen: line?.isSingle ?? false,
      maxBalance: line?.maxBalanceMinor ?? UNBOUNDED,
    });
    numbers.set(name, accounts.length);
    return accounts.length;
  };
  return { accounts, numberOf };
}

export function eventOf({ source }: Draft): string {
  return source?.eventUuid ?? NO_EVENT;
}
