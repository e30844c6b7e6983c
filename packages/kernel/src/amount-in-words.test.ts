import { describe, expect, it } from "vitest";
import { amountInWords } from "./amount-in-words.ts";
import { displayMoney } from "./display-money.ts";

describe("an amount in words", () => {
  const bn = (text: string): string => text.normalize("NFC");

  it.each([
    [0n, "Zero taka only", "শূন্য টাকা মাত্র"],
    [5n, "Zero taka and five paisa only", "শূন্য টাকা পাঁচ পয়সা মাত্র"],
    [10_000n, "One hundred taka only", "একশত টাকা মাত্র"],
    [
      123_456_789n,
      "Twelve lakh thirty-four thousand five hundred sixty-seven taka and eighty-nine paisa only",
      "বারো লক্ষ চৌত্রিশ হাজার পাঁচশত সাতষট্টি টাকা ঊননব্বই পয়সা মাত্র",
    ],
    [10_000_000_00n, "One crore taka only", "এক কোটি টাকা মাত্র"],
    [
      999_999_999_999_999n,
      "Nine lakh ninety-nine thousand nine hundred ninety-nine crore ninety-nine lakh ninety-nine thousand nine hundred ninety-nine taka and ninety-nine paisa only",
      "নয় লক্ষ নিরানব্বই হাজার নয়শত নিরানব্বই কোটি নিরানব্বই লক্ষ নিরানব্বই হাজার নয়শত নিরানব্বই টাকা নিরানব্বই পয়সা মাত্র",
    ],
  ])("says %s in both languages", (paisa, english, bangla) => {
    expect(amountInWords(paisa)).toEqual({ en: english, bn: bn(bangla) });
  });

  it("has a word of its own for each of 0 to 99, in both languages", () => {
    const all = Array.from({ length: 100 }, (_, i) => amountInWords(BigInt(i) * 100n));
    expect(new Set(all.map(({ en }) => en)).size).toBe(100);
    expect(new Set(all.map((word) => word.bn)).size).toBe(100);
  });
});

describe("an amount in figures", () => {
  it.each([
    [1n, "BDT", "৳0.01"],
    [10_000n, "BDT", "৳100.00"],
    [123_456_789n, "BDT", "৳12,34,567.89"],
    [12_345_678_900n, "BDT", "৳12,34,56,789.00"],
    [123_450n, "USD", "USD\u202f1,234.50"],
    [1_234_567n, "JPY", "JPY\u202f1,234,567"],
  ])("shows %s %s", (amountMinor, currency, text) => {
    expect(displayMoney({ amountMinor, currency })).toBe(text);
  });
});
