import { test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { anyFact } from "../testing/fact-arbitraries.ts";
import { captured, lateMoney } from "../testing/facts.ts";
import { checkedFact, type Fact } from "./fact.ts";

const BDT = { currency: "BDT", storeMinor: null };

test.prop([anyFact])("takes any charge, whatever its fee", (fact) => {
  expect(checkedFact(fact)).toBe(fact);
});

it.each<[string, Fact]>([
  ["applicationId", captured({ scope: { applicationId: 0, mode: "TEST" } })],
  ["paymentId", captured({ paymentId: 2 ** 53 })],
  ["receiptId", lateMoney({ receiptId: 0 })],
  ["gateway", captured({ gateway: "" })],
  ["amount", captured({ amount: { amountMinor: 0n, currency: "BDT" } })],
  ["amount", captured({ amount: { amountMinor: -1n, currency: "BDT" } })],
  ["amount", captured({ amount: { amountMinor: 10n ** 15n, currency: "BDT" } })],
  ["currency", captured({ amount: { amountMinor: 1n, currency: "bdt" } })],
  ["settlement", captured({ settlement: { ...BDT, grossMinor: 59_999n } })],
  ["settlement", captured({ settlement: { ...BDT, currency: "USD", grossMinor: 0n } })],
  ["settlement", captured({ settlement: { ...BDT, currency: "XXX", grossMinor: 1n } })],
])("refuses a wrong %s", (field, fact) => {
  expect(() => checkedFact(fact)).toThrow(
    expect.objectContaining({ fields: expect.objectContaining({ [field]: expect.any(String) }) }),
  );
});
