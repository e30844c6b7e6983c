import { currencyExponent, isCurrency, type Money } from "@oi/kernel/money";

const AMOUNT = /^([0-9]{1,8})(?:\.([0-9]{1,2}))?$/;

/**
 * `600.00`, `69`, `9.5` → minor units; null for a sign, an exponent, a comma or a third decimal. Integers only: a
 * float or a tolerance would let 98.9009 pass for 98.90.
 */
export function parseAmount(text: string): bigint | null {
  const match = AMOUNT.exec(text);
  if (match === null) return null;
  return BigInt(match[1] ?? "") * 100n + BigInt((match[2] ?? "").padEnd(2, "0"));
}

/** Minor units as their `decimal(10,2)`; null when the currency has not two decimals or the amount does not fit. */
export function formatAmount({ amountMinor, currency }: Money): string | null {
  if (!hasTwoDecimals(currency) || amountMinor <= 0n || amountMinor > 99_999_999_99n) return null;
  return `${amountMinor / 100n}.${String(amountMinor % 100n).padStart(2, "0")}`;
}

function hasTwoDecimals(currency: string): boolean {
  return isCurrency(currency) && currencyExponent(currency) === 2;
}

/** An amount and a currency as the gateway wrote them; null unless both are well formed. */
export function parseMoney(amount: string, currency: string): Money | null {
  const amountMinor = parseAmount(amount);
  return amountMinor !== null && hasTwoDecimals(currency) ? { amountMinor, currency } : null;
}
