import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { anyFact } from "../testing/fact-arbitraries.ts";
import { captured, draft, lateMoney } from "../testing/facts.ts";
import type { Draft } from "./draft.ts";
import type { Fact } from "./fact.ts";

const legs = (made: Draft): readonly (readonly [string, bigint, string | null])[] =>
  made.legs.map(({ path, amountMinor, ref }) => [path, amountMinor, ref]);

const RECEIVABLE = "Assets:Gateway:Sslcommerz:Receivable";
const FEE = "Expenses:GatewayFee:Sslcommerz";

describe("a captured payment", () => {
  it("is owed to the merchant in full, and the gateway owes us less its fee", () => {
    const made = draft(captured());
    expect(legs(made)).toEqual([
      [RECEIVABLE, 60_000n, "payment:123"],
      ["Liabilities:Merchant:Payable", -60_000n, null],
      [FEE, 1_500n, null],
      [RECEIVABLE, -1_500n, "payment:123"],
    ]);
    expect(made).toMatchObject({ key: "payment:123:captured", kind: 10, rule: 1, reference: "payment:123" });
    expect(made.details).toBe('{"attempt":"9","gateway":"sslcommerz","gatewayTxnId":"GW-1"}');
  });

  it("belongs to the day in Dhaka, not to the day in UTC", () => {
    expect(draft(captured({ occurredAt: Date.UTC(2026, 0, 5, 18) })).businessDate).toBe("2026-01-06");
    expect(draft(captured({ occurredAt: Date.UTC(2026, 0, 5, 17, 59, 59, 999) })).businessDate).toBe(
      "2026-01-05",
    );
  });

  it("has no fee legs without a fee", () => {
    const settlement = { currency: "BDT", grossMinor: 60_000n, storeMinor: 60_000n };
    const made = draft(captured({ settlement }));
    expect(made.legs).toHaveLength(2);
    expect(made.details).not.toContain("unknown");
  });

  it.each([null, 0n, -5n, 60_001n])(
    "says that the fee is unknown when the gateway credits %s",
    (storeMinor) => {
      const made = draft(captured({ settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor } }));
      expect(legs(made)).toEqual([
        [RECEIVABLE, 60_000n, "payment:123"],
        ["Liabilities:Merchant:Payable", -60_000n, null],
      ]);
      expect(JSON.parse(made.details)).toMatchObject({ fee: "unknown" });
    },
  );

  it("meets a settlement in another currency on the conversion account", () => {
    const settlement = { currency: "USD", grossMinor: 500n, storeMinor: 490n };
    expect(
      draft(captured({ settlement })).legs.map((leg) => [leg.path, leg.amountMinor, leg.currency]),
    ).toEqual([
      [RECEIVABLE, 500n, "USD"],
      ["Liabilities:Merchant:Payable", -60_000n, "BDT"],
      ["Equity:Conversion", 60_000n, "BDT"],
      ["Equity:Conversion", -500n, "USD"],
      [FEE, 10n, "USD"],
      [RECEIVABLE, -10n, "USD"],
    ]);
  });
});

it("holds late money apart, under the receipt it came with", () => {
  const made = draft(lateMoney());
  expect(legs(made)).toEqual([
    [RECEIVABLE, 6_900n, "late:55"],
    ["Liabilities:Customers:LateMoney", -6_900n, "late:55"],
    [FEE, 172n, null],
    [RECEIVABLE, -172n, "late:55"],
  ]);
  expect(made).toMatchObject({ key: "payment:123:late:55", kind: 11, reference: "payment:123" });
});

test.prop([anyFact])("balances for every charge, fee and pair of currencies, debit before credit", (fact) => {
  const made = draft(fact);
  const sums = new Map<string, bigint>();
  for (const { currency, amountMinor } of made.legs) {
    sums.set(currency, (sums.get(currency) ?? 0n) + amountMinor);
  }
  expect([...sums.values()].every((sum) => sum === 0n)).toBe(true);
  expect(made.legs.map((leg) => leg.amountMinor > 0n)).toEqual(made.legs.map((_, i) => i % 2 === 0));
});

/** Balances of all accounts and open items after posting in the given order. */
function endState(facts: readonly Fact[]): string[] {
  const sums = new Map<string, bigint>();
  for (const { path, currency, ref, amountMinor } of facts.flatMap((fact) => draft(fact).legs)) {
    const name = `${path} ${currency} ${ref ?? ""}`;
    sums.set(name, (sums.get(name) ?? 0n) + amountMinor);
  }
  return [...sums].map(([name, sum]) => `${name} ${sum}`).sort();
}

test.prop([
  fc
    .array(anyFact, { maxLength: 6 })
    .chain((facts) => fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length }))),
])("leads to the same balances and open items in every order", ([facts, shuffled]) => {
  expect(endState(shuffled)).toEqual(endState(facts));
});
