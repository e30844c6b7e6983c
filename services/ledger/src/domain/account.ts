import { chartLine } from "./chart.ts";

/** One account of a book in one currency with its running totals. */
export type Account = {
  readonly path: string;
  readonly currency: string;
  readonly clearing: boolean;
  readonly status: "OPEN" | "CLOSED";
  readonly debitsMinor: bigint;
  readonly creditsMinor: bigint;
  /** How many entries it has. */
  readonly version: number;
};

/** Debits less credits. */
export function balanceOf({ debitsMinor, creditsMinor }: Account): bigint {
  return debitsMinor - creditsMinor;
}

/** The balance on the account's normal side: a healthy liability is positive too. */
export function normalBalanceOf(account: Account): bigint {
  const balance = balanceOf(account);
  return chartLine(account.path).normalSide === "CREDIT" ? -balance : balance;
}

export type CurrencyTotal = {
  readonly currency: string;
  readonly debitsMinor: bigint;
  readonly creditsMinor: bigint;
};

/** Debits and credits of all accounts, by currency. The two are equal, or the ledger is broken. */
export function totalsByCurrency(accounts: readonly Account[]): readonly CurrencyTotal[] {
  const totals = new Map<string, CurrencyTotal>();
  for (const { currency, debitsMinor, creditsMinor } of accounts) {
    const sum = totals.get(currency);
    totals.set(currency, {
      currency,
      debitsMinor: (sum?.debitsMinor ?? 0n) + debitsMinor,
      creditsMinor: (sum?.creditsMinor ?? 0n) + creditsMinor,
    });
  }
  return [...totals.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1));
}
