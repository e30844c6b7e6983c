import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { formatAmount, parseAmount, parseMoney } from "./money-text.ts";

describe("amounts in", () => {
  it.each([
    ["600.00", 600_00n],
    ["69", 69_00n],
    ["9.5", 9_50n],
    ["0.01", 1n],
    ["99999999.99", 99_999_999_99n],
  ])("%s is exact", (text, minor) => {
    expect(parseAmount(text)).toBe(minor);
  });

  it.each([
    "",
    "-1.00",
    "+1.00",
    "1e3",
    "1,000.00",
    "98.900",
    ".5",
    "5.",
    "123456789",
    " 1.00",
    "1.00\n",
    "১০",
    "0x10",
  ])("%j is refused", (text) => {
    expect(parseAmount(text)).toBeNull();
  });

  it("needs a currency with two decimals", () => {
    expect(parseMoney("10.00", "JPY")).toBeNull();
    expect(parseMoney("10.00", "bdt")).toBeNull();
    expect(parseMoney("10.00", "")).toBeNull();
  });

  test.prop([fc.string()])("any other text is refused, not guessed", (text) => {
    fc.pre(!/^[0-9]+(\.[0-9]+)?$/.test(text));
    expect(parseAmount(text)).toBeNull();
  });
});

describe("amounts out", () => {
  test.prop([fc.bigInt({ min: 1n, max: 99_999_999_99n })], { numRuns: 1_000 })(
    "come back as the same minor units",
    (amountMinor) => {
      const text = formatAmount({ amountMinor, currency: "BDT" }) ?? "";
      expect(text).toMatch(/^[0-9]{1,8}\.[0-9]{2}$/);
      expect(parseAmount(text)).toBe(amountMinor);
    },
  );

  it("are refused when they do not fit or have no two decimals", () => {
    for (const amountMinor of [0n, -1n, 100_000_000_00n]) {
      expect(formatAmount({ amountMinor, currency: "BDT" })).toBeNull();
    }
    expect(formatAmount({ amountMinor: 100n, currency: "JPY" })).toBeNull();
    expect(formatAmount({ amountMinor: 100n, currency: "KWD" })).toBeNull();
  });
});
