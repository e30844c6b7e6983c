import { fc, test } from "@fast-check/vitest";
import { foldDigits } from "@oi/kernel/digits";
import { formatDecimal } from "@oi/kernel/money";
import { describe, expect } from "vitest";
import { formatMoney } from "./display-money.ts";

describe("formatMoney", () => {
  test.each([
    [1n, "BDT", "৳0.01", "৳০.০১"],
    [100n, "BDT", "৳1.00", "৳১.০০"],
    [10_000n, "BDT", "৳100.00", "৳১০০.০০"],
    [100_000n, "BDT", "৳1,000.00", "৳১,০০০.০০"],
    [125_000n, "BDT", "৳1,250.00", "৳১,২৫০.০০"],
    [10_000_000n, "BDT", "৳1,00,000.00", "৳১,০০,০০০.০০"],
    [123_456_789n, "BDT", "৳12,34,567.89", "৳১২,৩৪,৫৬৭.৮৯"],
    [12_345_678_900n, "BDT", "৳12,34,56,789.00", "৳১২,৩৪,৫৬,৭৮৯.০০"],
    [123_450n, "USD", "USD\u202f1,234.50", "USD\u202f১,২৩৪.৫০"],
    [1_234_567n, "JPY", "JPY\u202f1,234,567", "JPY\u202f১,২৩৪,৫৬৭"],
    [1_234_567n, "KWD", "KWD\u202f1,234.567", "KWD\u202f১,২৩৪.৫৬৭"],
    [999_999_999_999_999n, "BDT", "৳99,99,99,99,99,999.99", "৳৯৯,৯৯,৯৯,৯৯,৯৯,৯৯৯.৯৯"],
  ] as const)("writes %s %s", (minor, currency, en, bn) => {
    expect(formatMoney(minor, currency, "en")).toBe(en);
    expect(formatMoney(minor, currency, "bn")).toBe(bn);
  });

  test("refuses a currency that ISO 4217 does not know", () => {
    expect(() => formatMoney(1n, "XXX", "en")).toThrow(/ISO 4217/);
  });

  test.prop([fc.bigInt({ min: 0n, max: 999_999_999_999_999n }), fc.constantFrom("BDT", "USD", "JPY", "KWD")])(
    "never changes a digit, in either language",
    (minor, currency) => {
      const plain = formatDecimal({ amountMinor: minor, currency });
      for (const lang of ["bn", "en"] as const) {
        const digits = foldDigits(formatMoney(minor, currency, lang)).replace(/[^0-9.]/g, "");
        expect(digits).toBe(plain);
      }
    },
  );
});
