import { describe, expect, it } from "vitest";
import { keepAsking } from "./clients.ts";
import { type Measured, paymentsReport } from "./payments-report.ts";
import { median, percentile, table } from "./statistics.ts";

const options = { rounds: 3, seconds: 5, connections: 64, clients: 16 };

const measured = (name: string, part: Partial<Measured> & { readonly perSecond: number }): Measured => ({
  name,
  load: { perSecond: part.perSecond, count: 1_000, failures: {}, p50Ms: 2, p99Ms: 9 },
  cpu: { postgresql: 100, [name]: 100 },
  others: 0.01,
  aloneP50Ms: null,
  ...part,
});

describe("the report", () => {
  it("takes ratios within a round, so that a slow round disturbs nothing", () => {
    const rounds = [
      [measured("base", { perSecond: 1_000 }), measured("service", { perSecond: 500 })],
      [measured("base", { perSecond: 100 }), measured("service", { perSecond: 50 })],
      [measured("base", { perSecond: 1_000 }), measured("service", { perSecond: 900 })],
    ];
    const lines = paymentsReport({ rounds, facts: [], options }).split("\n");
    expect(lines.find((line) => /^ {2}service/.test(line))?.split(/\s{2,}/)).toEqual([
      "",
      "service",
      "500",
      "50–900",
      "0.50",
      "2.0",
      "9.0",
    ]);
  });

  it("shows what each process costs, and nothing where a candidate has none", () => {
    const rounds = [[measured("base", { perSecond: 10 }), measured("edge", { perSecond: 10 })]];
    const text = paymentsReport({ rounds, facts: [], options });
    expect(text).toMatch(/^ {2}postgresql +100 +100$/m);
    expect(text).toMatch(/^ {2}edge {10,}100$/m);
    expect(text).toMatch(/^ {2}sum +200 +200$/m);
  });

  it("says what came instead of a payment, and when the machine was shared", () => {
    const load = { perSecond: 10, count: 10, failures: { "503": 4 }, p50Ms: 1, p99Ms: 1 };
    const rounds = [[measured("base", { perSecond: 10, load, others: 0.4 })]];
    const text = paymentsReport({ rounds, facts: [], options });
    expect(text).toContain("base: 4 × 503 instead of a payment");
    expect(text).toContain("40 % of the machine during a measurement; rates are lower bounds");
  });
});

it("counts medians and percentiles", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(percentile([], 0.5)).toBe(0);
});

it("aligns numbers to the right", () => {
  expect(
    table([
      ["a", "10"],
      ["bcd", "9"],
    ]),
  ).toBe("  a     10\n  bcd    9\n");
});

it("counts failures apart from what was reached", async () => {
  let asked = 0;
  const ask = async (): Promise<string | null> => {
    asked += 1;
    if (asked % 3 === 0) throw new TypeError("no answer");
    return asked % 3 === 1 ? "503" : null;
  };
  const { count, failures } = await keepAsking({ clients: 2, seconds: 0.02, ask });
  expect(count).toBeGreaterThan(0);
  expect(Object.keys(failures).sort()).toEqual(["503", "TypeError"]);
  expect(count + (failures["503"] ?? 0) + (failures.TypeError ?? 0)).toBe(asked);
});
