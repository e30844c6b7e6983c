import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { currencyExponent, formatDecimal, isCurrency, money, sameMoney } from "./money.ts";

describe("money", () => {
  it("knows the decimals of ISO 4217, not those of a locale library", () => {
    expect([currencyExponent("JPY"), currencyExponent("BDT"), currencyExponent("KWD")]).toEqual([0, 2, 3]);
    expect(currencyExponent("PKR")).toBe(2);
  });

  it("refuses a code that is unknown or in lower case", () => {
    expect(isCurrency("bdt")).toBe(false);
    expect(() => money(1n, "XXX")).toThrow(/ISO 4217/);
  });

  test.prop([fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }), fc.constantFrom("JPY", "BDT", "KWD")])(
    "prints every minor unit: removing the point gives the amount back",
    (amountMinor, currency) => {
      const text = formatDecimal(money(amountMinor, currency));
      expect(BigInt(text.replace(".", ""))).toBe(amountMinor);
      expect(text.includes(".")).toBe(currency !== "JPY");
    },
  );

  it("is the same only in amount and currency", () => {
    expect(sameMoney(money(1n, "BDT"), money(1n, "BDT"))).toBe(true);
    expect(sameMoney(money(1n, "BDT"), money(1n, "USD"))).toBe(false);
    expect(sameMoney(money(1n, "BDT"), money(2n, "BDT"))).toBe(false);
  });
});
