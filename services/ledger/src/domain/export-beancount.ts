import { DAY_MS, formatDay, parseDay } from "./calendar-day.ts";
import type { ExportHeader, ExportWriter } from "./export-format.ts";
import { decimal, headerLines, journalDate, openingPostings, title } from "./export-lines.ts";
import type { Transaction } from "./transaction.ts";

type Balance = { readonly path: string; readonly currency: string; readonly amountMinor: bigint };

/**
 * A journal that `bean-check` proves. Its balances are asserted at the start of a day, so each account that moved is
 * asserted on the day after; always with `~ 0`, because the checker's own tolerance would let an error of one paisa pass.
 */
export function beancountWriter(header: ExportHeader): ExportWriter {
  /** The accounts that moved on the day that is being written. */
  const moved = new Map<string, Balance>();
  let day = "";

  const assertions = (): string => {
    if (day === "") return "";
    const next = formatDay(parseDay(day) + DAY_MS);
    const lines = [...moved.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { path, currency, amountMinor }]) => {
        const exact = `${decimal(amountMinor, currency)} ~ 0 ${currency}`;
        return `${next} balance ${path}  ${exact}\n`;
      });
    moved.clear();
    return lines.length === 0 ? "" : `${lines.join("")}\n`;
  };

  const move = (balance: Balance): void => {
    moved.set(`${balance.path} ${balance.currency}`, balance);
  };

  const enterDay = (transaction: Transaction): string => {
    const date = journalDate(transaction, header);
    if (date === day) return "";
    const isFirst = day === "";
    const before = assertions();
    day = date;
    const postings = isFirst ? openingPostings(header) : [];
    if (postings.length === 0) return before;
    for (const one of postings) move(one);
    const lines = postings.map(
      (one) => `  ${one.path}  ${decimal(one.amountMinor, one.currency)} ${one.currency}\n`,
    );
    return `${before}${date} * "OPENING"\n${lines.join("")}\n`;
  };

  return {
    begin: () => {
      const currencies = new Map<string, Set<string>>();
      for (const { path, currency } of header.accounts)
        currencies.set(path, (currencies.get(path) ?? new Set()).add(currency));
      const opened = [...currencies].map(
        ([path, codes]) => `1970-01-01 open ${path} ${[...codes].sort().join(",")}\n`,
      );
      return `${headerLines(header, ";")}${opened.join("")}\n`;
    },
    transaction: (transaction) => {
      const { seq, businessDate, leaf, entries } = transaction;
      const begun = enterDay(transaction);
      for (const { path, currency, balanceAfterMinor } of entries)
        move({ path, currency, amountMinor: balanceAfterMinor });
      const own = `  seq: ${seq}\n  business: ${businessDate}\n  leaf: "${leaf}"\n`;
      const lines = entries.map(({ path, currency, amountMinor, ref }) => {
        const tag = ref === null ? "" : `    ref: "${ref}"\n`;
        return `  ${path}  ${decimal(amountMinor, currency)} ${currency}\n${tag}`;
      });
      return `${begun}${day} * "${title(transaction)}"\n${own}${lines.join("")}\n`;
    },
    end: () => assertions(),
  };
}
