import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import { type AccountKey, type LedgerReads, type Moment, NOW } from "../../application/ports.ts";
import type { Account } from "../../domain/account.ts";
import { DEFAULT_UTC_OFFSET_MINUTES } from "../../domain/business-date.ts";
import { hasWrongSign, type OpenItem } from "../../domain/open-item.ts";
import type { StatementLine } from "../../domain/statement.ts";
import type { Transaction } from "../../domain/transaction.ts";
import { compareAccounts, entered, type MemoryBook, sortedAccounts } from "./memory-book.ts";

type Options = {
  readonly find: (scope: Scope) => MemoryBook | undefined;
  readonly books: () => readonly MemoryBook[];
  readonly now: () => Instant;
};

/** Every answer is made anew from the list of transactions. */
export function memoryReads({ find, books, now }: Options): LedgerReads {
  const lastSeq = (book: MemoryBook): number => book.transactions.length;
  return {
    book: async (scope) => headOf(find(scope)),
    books: async ({ after, limit }) => {
      const sorted = [...books()].sort((a, b) => idOf(a.scope) - idOf(b.scope));
      const rest = after === null ? sorted : sorted.filter((book) => idOf(book.scope) > idOf(after));
      return rest.slice(0, limit).flatMap((book) => headOf(book) ?? []);
    },
    account: async (scope, key, moment = NOW) => {
      const book = find(scope);
      if (!book) return null;
      const { accounts, asOfSeq } = accountsAt(book, moment);
      return { account: accounts.find((one) => compareAccounts(one, key) === 0) ?? null, asOfSeq };
    },
    accounts: async (scope, { pathPrefix, after, limit }) => {
      const book = find(scope);
      if (!book) return null;
      const accounts = sortedAccounts(book)
        .filter((one) => one.path.startsWith(pathPrefix) && (!after || compareAccounts(one, after) > 0))
        .slice(0, limit);
      return { accounts, asOfSeq: lastSeq(book) };
    },
    allAccounts: async (scope, moment = NOW) => {
      const book = find(scope);
      return book ? accountsAt(book, moment) : null;
    },
    statement: async (scope, key, page) => {
      const book = find(scope);
      if (!book) return null;
      return { ...statementOf(book, key, page), asOfSeq: lastSeq(book) };
    },
    transaction: async (scope, name) => {
      const book = find(scope);
      const isNamed = (one: Transaction): boolean =>
        name.by === "SEQ"
          ? one.seq === name.seq
          : name.by === "EVENT"
            ? one.eventUuid === name.uuid
            : one.key === name.key;
      const transaction = book?.transactions.find(isNamed);
      if (!book) return null;
      if (transaction) {
        const reversal = book.transactions.find((one) => one.reversesSeq === transaction.seq);
        return { transaction, reversedBy: reversal?.seq ?? null };
      }
      const known = name.by === "KEY" ? book.byKey.get(name.key) : undefined;
      if (name.by !== "KEY" || !known || "seq" in known) return null;
      const { code, blockNo, recordedAt } = known;
      return { rejection: { key: name.key, code, blockNo, recordedAt } };
    },
    transactions: async (scope, { reference, ref, afterSeq, limit }) =>
      (find(scope)?.transactions ?? [])
        .filter((one) => one.seq > afterSeq && (reference === null || one.reference === reference))
        .filter((one) => ref === null || one.entries.some((entry) => entry.ref === ref))
        .slice(0, limit),
    openItems: async (scope, page) => {
      const book = find(scope);
      if (!book) return null;
      const items = openItems(book, now())
        .filter((one) => one.path.startsWith(page.pathPrefix))
        .filter((one) => page.currency === null || one.currency === page.currency)
        .filter((one) => page.ref === null || one.ref === page.ref)
        .filter((one) => one.ageSeconds >= page.minAgeSeconds && (!page.wrongSignOnly || hasWrongSign(one)))
        .filter((one) => page.after === null || compareItems(one, page.after) > 0)
        .slice(0, page.limit);
      return { items, asOfSeq: lastSeq(book) };
    },
    blocks: async () => [],
  };
}

function idOf({ applicationId, mode }: Scope): number {
  return mode === "LIVE" ? applicationId : -applicationId;
}

function headOf(book: MemoryBook | undefined) {
  if (!book) return null;
  return {
    scope: book.scope,
    utcOffsetMinutes: DEFAULT_UTC_OFFSET_MINUTES,
    lastSeq: book.transactions.length,
    lastBlock: book.lastBlock,
    head: new Uint8Array(32),
    recordedAt: book.transactions.at(-1)?.recordedAt ?? 0,
  };
}

/** All accounts that there are now, with only those entries that count at the moment. */
function accountsAt(book: MemoryBook, moment: Moment) {
  const counted = book.transactions.filter((one) => counts(one, moment));
  const isSequence = moment.at === "SEQ" || moment.at === "RECORDED";
  const asOfSeq = isSequence ? counted.length : book.transactions.length;
  if (moment.at === "NOW") return { accounts: sortedAccounts(book), asOfSeq };
  const accounts = sortedAccounts(book).map((now): Account => {
    const empty = { ...now, debitsMinor: 0n, creditsMinor: 0n, version: 0 };
    const entries = counted.flatMap((one) =>
      one.entries.filter((entry) => compareAccounts(entry, now) === 0),
    );
    const then = entries.reduce((account, entry) => entered(account, entry.amountMinor), empty);
    // A day has totals of its own and no version: the one of today tells how fresh the figures are.
    return moment.at === "BUSINESS_DATE" ? { ...then, version: now.version } : then;
  });
  return { accounts, asOfSeq };
}

function counts(transaction: Transaction, moment: Moment): boolean {
  switch (moment.at) {
    case "NOW":
      return true;
    case "SEQ":
      return transaction.seq <= moment.seq;
    case "RECORDED":
      return transaction.recordedAt <= moment.instant;
    case "BUSINESS_DATE":
      return transaction.businessDate <= moment.date;
  }
}

function statementOf(book: MemoryBook, key: AccountKey, page: Parameters<LedgerReads["statement"]>[2]) {
  const { fromSeq, toSeq, descending, afterVersion, limit } = page;
  if (!sortedAccounts(book).some((one) => compareAccounts(one, key) === 0))
    return { openingBalanceMinor: null, lines: [] };
  const all = book.transactions.flatMap(({ seq, businessDate, recordedAt, kind, reference, entries }) =>
    entries
      .filter((entry) => compareAccounts(entry, key) === 0)
      .map(
        ({ leg, ref, amountMinor, balanceAfterMinor, accountVersion }): StatementLine => ({
          ...{ seq, leg, businessDate, recordedAt, kind, reference, ref },
          ...{ amountMinor, balanceAfterMinor, accountVersion },
        }),
      ),
  );
  const inRange = all.filter((line) => line.seq >= fromSeq && line.seq <= toSeq);
  const isBeyond = (line: StatementLine): boolean =>
    afterVersion === null ||
    (descending ? line.accountVersion < afterVersion : line.accountVersion > afterVersion);
  return {
    openingBalanceMinor: all.findLast((line) => line.seq < fromSeq)?.balanceAfterMinor ?? 0n,
    lines: (descending ? inRange.reverse() : inRange).filter(isBeyond).slice(0, limit),
  };
}

function openItems(book: MemoryBook, now: Instant): readonly OpenItem[] {
  const items = new Map<string, OpenItem>();
  for (const { seq, recordedAt, entries } of book.transactions) {
    for (const { path, currency, ref, amountMinor } of entries) {
      if (ref === null) continue;
      const name = `${path} ${currency} ${ref}`;
      const ageSeconds = Math.floor((now - recordedAt) / 1_000);
      const opened = {
        path,
        currency,
        ref,
        amountMinor: 0n,
        openedAt: recordedAt,
        openedSeq: seq,
        ageSeconds,
      };
      const known = items.get(name) ?? { ...opened, lastSeq: seq };
      items.set(name, { ...known, amountMinor: known.amountMinor + amountMinor, lastSeq: seq });
    }
  }
  return [...items.values()].filter((one) => one.amountMinor !== 0n).sort(compareItems);
}

type ItemPlace = Pick<OpenItem, "path" | "currency" | "openedSeq" | "ref">;

function compareItems(a: ItemPlace, b: ItemPlace): number {
  const byAccount = compareAccounts(a, b);
  if (byAccount !== 0) return byAccount;
  if (a.openedSeq !== b.openedSeq) return a.openedSeq - b.openedSeq;
  return a.ref < b.ref ? -1 : Number(a.ref > b.ref);
}
