import type { Scope } from "@oi/kernel/scope";
import type { Account } from "../../domain/account.ts";
import type { RejectionCode } from "../../domain/adjustment.ts";
import { toHex } from "../../domain/canonical-bytes.ts";
import { chartLine } from "../../domain/chart.ts";
import type { Draft, Leg } from "../../domain/draft.ts";
import type { Entry, Transaction } from "../../domain/transaction.ts";
import { TRANSACTION_KINDS } from "../../domain/transaction-kind.ts";

type Known = { readonly requestHash: string } & (
  | { readonly seq: number }
  | { readonly code: RejectionCode; readonly blockNo: number; readonly recordedAt: number }
);

/** One book as plain lists: the model that the database is compared with. */
export type MemoryBook = {
  readonly scope: Scope;
  readonly transactions: Transaction[];
  readonly accounts: Map<string, Account>;
  readonly byKey: Map<string, Known>;
  lastBlock: number;
};

export function emptyBook(scope: Scope): MemoryBook {
  return { scope, transactions: [], accounts: new Map(), byKey: new Map(), lastBlock: 0 };
}

type Name = { readonly path: string; readonly currency: string };

function nameOf({ path, currency }: Name): string {
  return `${path} ${currency}`;
}

function findAccount(book: MemoryBook, name: Name): Account | null {
  return book.accounts.get(nameOf(name)) ?? null;
}

export function setStatus(book: MemoryBook, name: Name, status: Account["status"]): void {
  const account = findAccount(book, name);
  if (account) book.accounts.set(nameOf(name), { ...account, status });
}

function newAccount({ path, currency }: Name): Account {
  const { clearing } = chartLine(path);
  return { path, currency, clearing, status: "OPEN", debitsMinor: 0n, creditsMinor: 0n, version: 0 };
}

/** The account after one more entry. */
export function entered(before: Account, amountMinor: bigint): Account {
  const isDebit = amountMinor > 0n;
  return {
    ...before,
    debitsMinor: before.debitsMinor + (isDebit ? amountMinor : 0n),
    creditsMinor: before.creditsMinor - (isDebit ? 0n : amountMinor),
    version: before.version + 1,
  };
}

function enter(book: MemoryBook, leg: Leg, number: number): Entry {
  const after = entered(findAccount(book, leg) ?? newAccount(leg), leg.amountMinor);
  book.accounts.set(nameOf(leg), after);
  return {
    ...leg,
    leg: number,
    balanceAfterMinor: after.debitsMinor - after.creditsMinor,
    accountVersion: after.version,
  };
}

/** Why a command is refused; null when it may be posted. Facts are never asked. */
export function refusalOf(book: MemoryBook, draft: Draft): RejectionCode | null {
  return reversalRefusal(book, draft) ?? accountRefusal(book, draft) ?? limitRefusal(book, draft);
}

function reversalRefusal(book: MemoryBook, { reversesSeq, legs }: Draft): RejectionCode | null {
  if (reversesSeq === null) return null;
  const original = book.transactions[reversesSeq - 1];
  if (!original) return "TRANSACTION_NOT_FOUND";
  if (book.transactions.some((one) => one.reversesSeq === reversesSeq)) return "ALREADY_REVERSED";
  const isMirror =
    original.entries.length === legs.length &&
    original.entries.every((entry, i) => {
      const leg = legs[i];
      return (
        leg !== undefined &&
        nameOf(leg) === nameOf(entry) &&
        leg.amountMinor === -entry.amountMinor &&
        leg.ref === entry.ref
      );
    });
  return original.kind === TRANSACTION_KINDS.REVERSE || !isMirror ? "NOT_REVERSIBLE" : null;
}

function accountRefusal(book: MemoryBook, { legs }: Draft): RejectionCode | null {
  for (const leg of legs) {
    const account = findAccount(book, leg);
    if (!account && !chartLine(leg.path).isSingle) return "ACCOUNT_NOT_FOUND";
    if (account?.status === "CLOSED") return "ACCOUNT_CLOSED";
  }
  return null;
}

function limitRefusal(book: MemoryBook, { legs, conditions }: Draft): RejectionCode | null {
  const after = (name: Name): bigint => {
    const account = findAccount(book, name) ?? newAccount(name);
    const own = legs.filter((leg) => nameOf(leg) === nameOf(name));
    return own.reduce((sum, leg) => sum + leg.amountMinor, account.debitsMinor - account.creditsMinor);
  };
  const limits = legs.map((leg) => ({
    ...leg,
    minMinor: null,
    maxMinor: chartLine(leg.path).maxBalanceMinor,
  }));
  const isKept = [...limits, ...conditions].every(({ minMinor, maxMinor, ...name }) => {
    const balance = after(name);
    return (minMinor === null || balance >= minMinor) && (maxMinor === null || balance <= maxMinor);
  });
  return isKept ? null : "LIMIT_EXCEEDED";
}

/** Posts a draft whose key is new and returns its sequence. */
export function append(book: MemoryBook, draft: Draft, blockNo: number, recordedAt: number): number {
  const seq = book.transactions.length + 1;
  const { legs, requestHash, source, conditions, ...header } = draft;
  book.transactions.push({
    ...header,
    seq,
    blockNo,
    recordedAt,
    eventUuid: source?.eventUuid ?? null,
    // The model keeps no hashes: they are compared with known bytes, and recomputed by the proof of a book.
    leaf: "",
    entries: legs.map((leg, i) => enter(book, leg, i + 1)),
  });
  book.byKey.set(draft.key, { requestHash: toHex(requestHash), seq });
  book.lastBlock = blockNo;
  return seq;
}

export function reject(
  book: MemoryBook,
  draft: Draft,
  code: RejectionCode,
  at: { readonly blockNo: number; readonly recordedAt: number },
): void {
  book.byKey.set(draft.key, { requestHash: toHex(draft.requestHash), code, ...at });
  book.lastBlock = at.blockNo;
}

/** Ordered as the database orders: by the bytes of path and currency. */
export function sortedAccounts(book: MemoryBook): readonly Account[] {
  return [...book.accounts.values()].sort((a, b) => compareAccounts(a, b));
}

export function compareAccounts(a: Name, b: Name): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.currency < b.currency ? -1 : Number(a.currency > b.currency);
}
