import { formatDecimal, type Money } from "./money.ts";

const THIN_NO_BREAK_SPACE = "\u202f";

/** 1234567 → 12,34,567: the last three digits, then pairs. */
const groupIndian = (whole: string): string => whole.replace(/(\d)(?=(\d\d)+\d$)/g, "$1,");
const groupThousands = (whole: string): string => whole.replace(/(\d)(?=(\d{3})+$)/g, "$1,");

/**
 * An amount as people read it, in Latin digits: `৳12,34,567.89`, `USD 1,234.50`. Not by `Intl`, which puts the Taka sign
 * last, groups Taka by thousands and has other decimals than ISO 4217 for some thirty currencies.
 */
export function displayMoney(money: Money): string {
  const [whole = "", fraction] = formatDecimal(money).split(".");
  const taka = money.currency === "BDT";
  const grouped = taka ? groupIndian(whole) : groupThousands(whole);
  const number = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return taka ? `৳${number}` : `${money.currency}${THIN_NO_BREAK_SPACE}${number}`;
}
