import type { Lang } from "./language.ts";

/** ASCII digits → Bangla digits (U+09E6–U+09EF) on a Bangla page; the inverse of the kernel's `foldDigits`. */
export function localDigits(text: string, lang: Lang): string {
  if (lang === "en") return text;
  return text.replace(/[0-9]/g, (digit) => String.fromCharCode(0x09e6 + Number(digit)));
}
