import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../../domain/account.ts";
import { chartLine } from "../../domain/chart.ts";
import type { Draft, Leg } from "../../domain/draft.ts";
import type { Entry, Transaction } from "../../domain/transaction.ts";

/** One book as plain lists: the model that the database is compared with. */
export type MemoryBook = {
  readonly scope: Scope;
  readonly transactions: Transaction[];
  readonly accounts: Map<string, Account>;
  readonly byKey: Map<string, { readonly requestHash: string; readonly seq: number }>;
};

export function emptyBook(scope: Scope): MemoryBook {
  return { scope, transactions: [], accounts: new Map(), byKey: new Map() };
}

function nameOf({ path, currency }: { readonly path: string; readonly currency: string }): string {
  return `${path} ${currency}`;
}

function enter(book: MemoryBook, leg: Leg, number: number): Entry {
  const name = nameOf(leg);
  const before = book.accounts.get(name) ?? {
    path: leg.path,
    currency: leg.currency,
    clearing: chartLine(leg.path).clearing,
    debitsMinor: 0n,
    creditsMinor: 0n,
    version: 0,
  };
  const isDebit = leg.amountMinor > 0n;
  const after: Account = {
    ...before,
    debitsMinor: before.debitsMinor + (isDebit ? leg.amountMinor : 0n),
    creditsMinor: before.creditsMinor - (isDebit ? 0n : leg.amountMinor),
    version: before.version + 1,
  };
  book.accounts.set(name, after);
  return {
    ...leg,
    leg: number,
    balanceAfterMinor: after.debitsMinor - after.creditsMinor,
    accountVersion: after.version,
  };
}

export function hashText(requestHash: Uint8Array): string {
  return Array.from(requestHash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Posts a draft whose key is new and returns its sequence. */
export function append(book: MemoryBook, draft: Draft, recordedAt: number): number {
  const seq = book.transactions.length + 1;
  const { legs, requestHash, source, ...header } = draft;
  book.transactions.push({
    ...header,
    seq,
    recordedAt,
    eventUuid: source?.eventUuid ?? null,
    entries: legs.map((leg, i) => enter(book, leg, i + 1)),
  });
  book.byKey.set(draft.key, { requestHash: hashText(requestHash), seq });
  return seq;
}

/** Ordered as the database orders: by the bytes of path and currency. */
export function sortedAccounts(book: MemoryBook): readonly Account[] {
  return [...book.accounts.values()].sort((a, b) => compareAccounts(a, b));
}

export function compareAccounts(
  a: { readonly path: string; readonly currency: string },
  b: { readonly path: string; readonly currency: string },
): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.currency < b.currency ? -1 : Number(a.currency > b.currency);
}
