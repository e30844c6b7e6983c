import { fc } from "@fast-check/vitest";
import type { Fact, LateMoney, Settlement } from "../domain/fact.ts";
import { captured, lateMoney } from "./facts.ts";

const amountMinor = fc.oneof(fc.bigInt(1n, 200n), fc.bigInt(1n, 999_999_999_999_999n));
const currency = fc.constantFrom("BDT", "USD", "JPY", "KWD");

/** Any word of the gateway: none, nothing, less than nothing, less than the charge, all of it, more than it. */
function settlementOf(grossMinor: bigint, code: string): fc.Arbitrary<Settlement> {
  const storeMinor = fc.oneof(
    fc.constantFrom(null, 0n, -1n, 1n, grossMinor, grossMinor + 1n),
    fc.bigInt(1n, grossMinor),
  );
  return storeMinor.map((store) => ({ currency: code, grossMinor, storeMinor: store }));
}

const charge = fc
  .record({ amountMinor, currency, settlementCurrency: currency, otherMinor: amountMinor })
  .chain((one) => {
    const grossMinor = one.settlementCurrency === one.currency ? one.amountMinor : one.otherMinor;
    return settlementOf(grossMinor, one.settlementCurrency).map((settlement) => ({
      amount: { amountMinor: one.amountMinor, currency: one.currency },
      settlement,
    }));
  });

const ids = fc.record({
  paymentId: fc.integer({ min: 1, max: 5 }),
  attemptId: fc.option(fc.integer({ min: 1 })),
  gateway: fc.constantFrom("sslcommerz", "other-gw"),
  occurredAt: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
});

/** Facts of few payments, so that business keys meet. */
export const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.tuple(ids, charge).map(([a, b]): Fact => captured({ ...a, ...b })),
  fc
    .tuple(ids, charge, fc.integer({ min: 1, max: 3 }))
    .map(([a, b, receiptId]): LateMoney => lateMoney({ ...a, ...b, receiptId })),
);
