import { currencyExponent } from "@oi/kernel/money";
import type { ExportHeader, ExportWriter } from "./export-format.ts";
import { decimal, headerLines, journalDate, openingPostings, title } from "./export-lines.ts";
import type { Transaction } from "./transaction.ts";

/** `commodity 1000.00 BDT`: the number says how many decimals there are. */
function commodity(currency: string): string {
  const exponent = currencyExponent(currency);
  return `commodity 1000.${"0".repeat(exponent)} ${currency}\n`;
}

/**
 * A journal that `hledger check --strict ordereddates` proves: every account and currency is declared, and every posting
 * asserts the balance that it leaves behind.
 */
export function hledgerWriter(header: ExportHeader): ExportWriter {
  const posting = (path: string, currency: string, amountMinor: bigint, balanceMinor: bigint): string =>
    `    ${path}  ${decimal(amountMinor, currency)} ${currency} = ${decimal(balanceMinor, currency)} ${currency}`;
  let openedOn = "";
  const opening = (transaction: Transaction): string => {
    const postings = openingPostings(header);
    if (openedOn !== "" || postings.length === 0) return "";
    openedOn = journalDate(transaction, header);
    const lines = postings.map((one) => posting(one.path, one.currency, one.amountMinor, one.amountMinor));
    return `${openedOn} OPENING\n${lines.join("\n")}\n\n`;
  };
  return {
    begin: () => {
      const currencies = [...new Set(header.accounts.map((one) => one.currency))].sort();
      const paths = [...new Set(header.accounts.map((one) => one.path))].sort();
      const tags = ["seq", "business", "leaf", "ref"].map((tag) => `tag ${tag}\n`).join("");
      const declared = `${currencies.map(commodity).join("")}${paths.map((path) => `account ${path}\n`).join("")}`;
      return `${headerLines(header, ";")}decimal-mark .\n${declared}${tags}\n`;
    },
    transaction: (transaction) => {
      const { seq, businessDate, leaf, entries } = transaction;
      const lines = entries.map(({ path, currency, amountMinor, balanceAfterMinor, ref }) => {
        const tag = ref === null ? "" : `  ; ref:${ref}`;
        return `${posting(path, currency, amountMinor, balanceAfterMinor)}${tag}\n`;
      });
      const first = `${journalDate(transaction, header)} (${seq}) ${title(transaction)}`;
      const own = `  ; seq:${seq}, business:${businessDate}, leaf:${leaf}`;
      return `${opening(transaction)}${first}${own}\n${lines.join("")}\n`;
    },
    end: () => "",
  };
}
