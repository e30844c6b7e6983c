import { formatDecimal } from "@oi/kernel/money";
import { localDigits } from "./bangla-digits.ts";
import type { Lang } from "./language.ts";

const THIN_NO_BREAK_SPACE = "\u202f";

/** 1234567 → 12,34,567: the last three digits, then pairs. */
function groupIndian(whole: string): string {
  return whole.replace(/(\d)(?=(\d\d)+\d$)/g, "$1,");
}

function groupThousands(whole: string): string {
  return whole.replace(/(\d)(?=(\d{3})+$)/g, "$1,");
}

/**
 * An amount as people read it. Not by `Intl`: it puts the Taka sign last in Bangla, groups Taka by thousands in
 * English, and its decimals differ from ISO 4217 for some thirty currencies. Raises VALIDATION_ERROR for an unknown
 * currency.
 */
export function formatMoney(amountMinor: bigint, currency: string, lang: Lang): string {
  const [whole = "", fraction] = formatDecimal({ amountMinor, currency }).split(".");
  const grouped = currency === "BDT" ? `৳${groupIndian(whole)}` : groupThousands(whole);
  const number = localDigits(fraction === undefined ? grouped : `${grouped}.${fraction}`, lang);
  return currency === "BDT" ? number : `${currency}${THIN_NO_BREAK_SPACE}${number}`;
}
