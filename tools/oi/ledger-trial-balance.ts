import { formatDecimal } from "@oi/kernel/money";
import { type LedgerCall, runLedgerCommand } from "./ledger-client.ts";

const USAGE = `Prints every account's debits and credits, and each currency's totals.

  oi ledger trial-balance --application 1 --mode TEST

Ends with 0 when every currency's totals are equal, 1 when they are not, 2 when it cannot be asked.
`;

const WIDTHS = [6, 44, 4, 22, 22] as const;

/** `oi ledger trial-balance`. */
export function run(args: readonly string[]): Promise<void> {
  return runLedgerCommand({ usage: USAGE, work: trialBalance }, args);
}

async function trialBalance({ client, book }: LedgerCall): Promise<0 | 1> {
  const { accounts, totals, asOfSeq } = await client.getTrialBalance({ book });
  process.stdout.write(line(["code", "account", "", "debits", "credits"]));
  for (const one of accounts) process.stdout.write(row(one.code, one.path, one));
  for (const one of totals) process.stdout.write(row("", "total", one));
  const isBalanced = totals.every((one) => one.debitsMinor === one.creditsMinor);
  process.stdout.write(`after transaction ${asOfSeq}: ${isBalanced ? "balanced" : "OUT OF BALANCE"}\n`);
  return isBalanced ? 0 : 1;
}

type Figures = { readonly currency: string; readonly debitsMinor: bigint; readonly creditsMinor: bigint };

function row(code: string, name: string, { currency, debitsMinor, creditsMinor }: Figures): string {
  const amounts = [debitsMinor, creditsMinor].map((amountMinor) => formatDecimal({ amountMinor, currency }));
  return line([code, name, currency, ...amounts]);
}

/** Code, path and currency at the left, amounts at the right. */
function line(cells: readonly string[]): string {
  const padded = cells.map((cell, i) =>
    i < 3 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0),
  );
  return `${padded.join(" ").trimEnd()}\n`;
}
