import { describe, expect, it } from "vitest";
import { amountAfterFee, convertToBdt, formatAmount, formatRate, parseAmount, parseRate } from "./money.ts";

const minor = (text: string): bigint => parseAmount(text) ?? -1n;

describe("the fee", () => {
  it.each([
    ["10", "9.75"],
    ["21", "20.48"],
    ["69", "67.28"],
    ["600", "585.00"],
    ["720", "702.00"],
    ["3000", "2925.00"],
  ])("leaves the published store amount: %s → %s", (amount, afterFee) => {
    expect(formatAmount(amountAfterFee(minor(amount)))).toBe(afterFee);
  });
});

describe("amounts", () => {
  it("reads whole, one-digit and two-digit decimals", () => {
    expect([minor("69"), minor("9.5"), minor("600.00")]).toEqual([6900n, 950n, 60_000n]);
  });

  it.each(["", "-1", "1e3", "1,000", "1.234", " 1", "123456789", "১০"])("refuses %j", (text) => {
    expect(parseAmount(text)).toBeNull();
  });

  it("prints two decimals", () => {
    expect([formatAmount(5n), formatAmount(50_000_000n)]).toEqual(["0.05", "500000.00"]);
  });
});

describe("conversion", () => {
  it("reproduces the documented 100.00 EUR = 10228.84 BDT", () => {
    const rate = parseRate("102.2884") ?? 0n;
    expect(formatAmount(convertToBdt(minor("100.00"), rate))).toBe("10228.84");
    expect(formatRate(rate)).toBe("102.2884");
  });

  it("leaves BDT as it is and rounds a half up", () => {
    expect(convertToBdt(6901n, 10_000n)).toBe(6901n);
    expect(convertToBdt(1n, 15_000n)).toBe(2n);
    expect(convertToBdt(1n, 14_999n)).toBe(1n);
  });

  it.each(["", "abc", "1.23456", "-1"])("refuses the rate %j", (text) => {
    expect(parseRate(text)).toBeNull();
  });
});
