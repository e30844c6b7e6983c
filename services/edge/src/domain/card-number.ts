import { foldDigits } from "@oi/kernel/digits";

/** Prefix and length of every brand that is issued or taken in Bangladesh; a number outside them is somebody's reference. */
const BRANDS: readonly RegExp[] = [
  /^4(\d{12}|\d{15}|\d{18})$/,
  /^5[1-5]\d{14}$/,
  /^(222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}$/,
  /^3[47]\d{13}$/,
  /^3(0[0-5]|[68]\d)\d{11}$/,
  /^35(2[89]|[3-8]\d)\d{12}$/,
  /^6(011|4[4-9]\d|5\d\d)\d{12,15}$/,
  /^62\d{14,17}$/,
];

/** Digits in one piece, or in the groups that are printed on a card, with the same separator between all of them. */
const CANDIDATE =
  /(?<![\p{L}\d])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\p{L}\d])/gu;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits.at(-1 - i));
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

/** Whether a text holds what can only be a card number. Card data is never accepted, so that none is ever stored. */
export function holdsCardNumber(text: string): boolean {
  return [...foldDigits(text).matchAll(CANDIDATE)].some(([found]) => {
    const digits = found.replace(/\D/g, "");
    return BRANDS.some((brand) => brand.test(digits)) && passesLuhn(digits);
  });
}
