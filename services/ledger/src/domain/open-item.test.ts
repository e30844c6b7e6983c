import { expect, it } from "vitest";
import { hasWrongSign } from "./open-item.ts";

const RECEIVABLE = "Assets:Gateway:Sslcommerz:Receivable";
const IN_FLIGHT = "Liabilities:Refunds:InFlight";
const LATE = "Liabilities:Customers:LateMoney";

it.each<[string, string, bigint, boolean]>([
  [RECEIVABLE, "payment:1", 1n, false],
  [RECEIVABLE, "payment:1", -1n, true],
  [RECEIVABLE, "late:1", 1n, false],
  // Every refund that succeeded waits there to be netted in a payout.
  [RECEIVABLE, "refund:1", -1n, false],
  [RECEIVABLE, "refund:1", 1n, true],
  [IN_FLIGHT, "refund:1", -1n, false],
  [IN_FLIGHT, "refund:1", 1n, true],
  [LATE, "late:1", -1n, false],
  [LATE, "late:1", 1n, true],
  ["Liabilities:Suspense:Sslcommerz", "mismatch:1", 1n, false],
  ["Liabilities:Suspense:Sslcommerz", "mismatch:1", -1n, false],
])("says of %s %s with %s that its sign is wrong: %s", (path, ref, amountMinor, isWrong) => {
  expect(hasWrongSign({ path, ref, amountMinor })).toBe(isWrong);
});
