/** Bangla digits (U+09E6–U+09EF) → ASCII digits; everything else stays. */
export function foldDigits(text: string): string {
  return text.replace(/[০-৯]/g, (digit) => String(digit.charCodeAt(0) - 0x09e6));
}
