import { assert } from "./assert.ts";

export type AmountInWords = { readonly en: string; readonly bn: string };

const ONES =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** Irregular up to a hundred, so every word stands here. */
const BANGLA = `
শূন্য এক দুই তিন চার পাঁচ ছয় সাত আট নয় দশ এগারো বারো তেরো চৌদ্দ পনেরো ষোলো সতেরো আঠারো উনিশ
বিশ একুশ বাইশ তেইশ চব্বিশ পঁচিশ ছাব্বিশ সাতাশ আটাশ ঊনত্রিশ ত্রিশ একত্রিশ বত্রিশ তেত্রিশ চৌত্রিশ পঁয়ত্রিশ ছত্রিশ সাঁইত্রিশ আটত্রিশ ঊনচল্লিশ
চল্লিশ একচল্লিশ বিয়াল্লিশ তেতাল্লিশ চুয়াল্লিশ পঁয়তাল্লিশ ছেচল্লিশ সাতচল্লিশ আটচল্লিশ ঊনপঞ্চাশ পঞ্চাশ একান্ন বায়ান্ন তিপ্পান্ন চুয়ান্ন পঞ্চান্ন ছাপ্পান্ন সাতান্ন আটান্ন ঊনষাট
ষাট একষট্টি বাষট্টি তেষট্টি চৌষট্টি পঁয়ষট্টি ছেষট্টি সাতষট্টি আটষট্টি ঊনসত্তর সত্তর একাত্তর বাহাত্তর তিয়াত্তর চুয়াত্তর পঁচাত্তর ছিয়াত্তর সাতাত্তর আটাত্তর ঊনআশি
আশি একাশি বিরাশি তিরাশি চুরাশি পঁচাশি ছিয়াশি সাতাশি আটাশি ঊননব্বই নব্বই একানব্বই বিরানব্বই তিরানব্বই চুরানব্বই পঁচানব্বই ছিয়ানব্বই সাতানব্বই আটানব্বই নিরানব্বই`
  .normalize("NFC")
  .trim()
  .split(/\s+/);

type Language = {
  readonly below100: (n: number) => string;
  /** A hundred is joined to its count in Bangla. */
  readonly hundred: (count: string) => string;
  readonly scales: readonly (readonly [bigint, string])[];
};

const scales = (crore: string, lakh: string, thousand: string): Language["scales"] => [
  [10_000_000n, crore],
  [100_000n, lakh],
  [1_000n, thousand],
];

const ENGLISH: Language = {
  below100: (n) => {
    if (n < 20) return ONES[n] ?? "";
    const rest = n % 10 === 0 ? "" : `-${ONES[n % 10]}`;
    return `${TENS[Math.floor(n / 10)]}${rest}`;
  },
  hundred: (count) => `${count} hundred`,
  scales: scales("crore", "lakh", "thousand"),
};

const BANGLA_LANGUAGE: Language = {
  below100: (n) => BANGLA[n] ?? "",
  hundred: (count) => `${count}শত`,
  scales: scales("কোটি", "লক্ষ", "হাজার"),
};

/** Whole numbers in lakh and crore; the count of crores is in words of the same kind. */
function words(value: bigint, language: Language): string {
  const parts: string[] = [];
  let rest = value;
  for (const [size, name] of language.scales) {
    if (rest >= size) parts.push(`${words(rest / size, language)} ${name}`);
    rest %= size;
  }
  if (rest >= 100n) parts.push(language.hundred(language.below100(Number(rest / 100n))));
  if (rest % 100n > 0n || parts.length === 0) parts.push(language.below100(Number(rest % 100n)));
  return parts.join(" ");
}

/** An amount in paisa in words, in English and Bangla: taka, then paisa where there are any. */
export function amountInWords(paisa: bigint): AmountInWords {
  assert(paisa >= 0n, "only amounts that are not negative have words");
  const [taka, rest] = [paisa / 100n, paisa % 100n];
  const english = (value: bigint): string => words(value, ENGLISH);
  const bangla = (value: bigint): string => words(value, BANGLA_LANGUAGE);
  const en = rest === 0n ? `${english(taka)} taka` : `${english(taka)} taka and ${english(rest)} paisa`;
  const bn = rest === 0n ? `${bangla(taka)} টাকা` : `${bangla(taka)} টাকা ${bangla(rest)} পয়সা`;
  return { en: `${en.charAt(0).toUpperCase()}${en.slice(1)} only`, bn: `${bn} মাত্র`.normalize("NFC") };
}
