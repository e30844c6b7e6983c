import { expect, it } from "vitest";
import { captured, draft } from "../testing/facts.ts";
import { balanced, type Draft, type Leg } from "./draft.ts";

const good = draft(captured());
const [receivable, payable] = good.legs as readonly [Leg, Leg];

function refused(changes: Partial<Draft>): () => Draft {
  return () => balanced({ ...good, ...changes });
}

it("gives a balanced draft back", () => {
  expect(balanced(good)).toBe(good);
});

it("refuses a draft out of balance in any currency", () => {
  expect(refused({ legs: [receivable, { ...payable, amountMinor: -59_999n }] })).toThrow(
    /out of balance by 1 BDT/,
  );
  expect(refused({ legs: [receivable, { ...payable, currency: "USD" }] })).toThrow(/out of balance/);
});

it("refuses too few and too many legs, nothing, and more than a quadrillion", () => {
  expect(refused({ legs: [receivable] })).toThrow(/1 legs/);
  expect(refused({ legs: Array.from({ length: 66 }, (_, i) => good.legs[i % 2] ?? payable) })).toThrow(
    /66 legs/,
  );
  expect(refused({ legs: [{ ...receivable, amountMinor: 0n }, payable] })).toThrow(/leg of 0/);
  const large = 10n ** 15n + 1n;
  const legs = [
    { ...receivable, amountMinor: large },
    { ...payable, amountMinor: -large },
  ];
  expect(refused({ legs })).toThrow(/leg of 1000000000000001/);
});

it("refuses an open item on a plain account, and a clearing account without one", () => {
  expect(refused({ legs: [{ ...receivable, ref: null }, payable] })).toThrow(/does not fit/);
  expect(refused({ legs: [receivable, { ...payable, ref: "payment:1" }] })).toThrow(/does not fit/);
  expect(refused({ legs: [{ ...receivable, ref: "no item" }, payable] })).toThrow(/open item/);
});

it("refuses an account outside the chart", () => {
  expect(refused({ legs: [receivable, { ...payable, path: "Liabilities:Merchant" }] })).toThrow(
    /not in the chart/,
  );
});
