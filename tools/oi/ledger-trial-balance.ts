import { formatDecimal } from "@oi/kernel/money";
import { ledgerCall } from "./ledger-client.ts";

const WIDTHS = [6, 44, 4, 22, 22] as const;

/** Code, path and currency at the left, amounts at the right. */
function line(cells: readonly string[]): string {
  const padded = cells.map((cell, i) =>
    i < 3 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0),
  );
  return `${padded.join(" ").trimEnd()}\n`;
}

/** `oi ledger trial-balance`; ends with 1 when a currency's totals differ. */
export async function run(args: readonly string[]): Promise<void> {
  using call = ledgerCall(args);
  const { accounts, totals, asOfSeq } = await call.client.getTrialBalance({ book: call.book });
  const row = (code: string, path: string, currency: string, debits: bigint, credits: bigint): string =>
    line([
      code,
      path,
      currency,
      formatDecimal({ amountMinor: debits, currency }),
      formatDecimal({ amountMinor: credits, currency }),
    ]);
  process.stdout.write(line(["code", "account", "", "debits", "credits"]));
  for (const one of accounts)
    process.stdout.write(row(one.code, one.path, one.currency, one.debitsMinor, one.creditsMinor));
  for (const one of totals)
    process.stdout.write(row("", "total", one.currency, one.debitsMinor, one.creditsMinor));
  const isBalanced = totals.every((one) => one.debitsMinor === one.creditsMinor);
  process.stdout.write(`after transaction ${asOfSeq}: ${isBalanced ? "balanced" : "OUT OF BALANCE"}\n`);
  if (!isBalanced) process.exitCode = 1;
}
