import { fc } from "@fast-check/vitest";
import type { Draft } from "../domain/draft.ts";
import type { Fact, LateMoney, RefundOrigin, Settlement } from "../domain/fact.ts";
import { captured, command, lateMoney, mismatch, refund } from "./facts.ts";

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

const anyOrigin: fc.Arbitrary<RefundOrigin> = fc.constantFrom(
  { type: "MERCHANT" },
  { type: "LATE_MONEY", ref: "1" },
  { type: "MISMATCH", ref: "2" },
);

/** Facts of few payments, so that business keys meet. */
export const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.tuple(ids, charge).map(([a, b]): Fact => captured({ ...a, ...b })),
  fc
    .tuple(ids, charge, fc.integer({ min: 1, max: 3 }))
    .map(([a, b, receiptId]): LateMoney => lateMoney({ ...a, ...b, receiptId })),
  fc.tuple(ids, charge).map(([a, b]): Fact => mismatch({ ...a, ...b, attemptId: a.paymentId })),
  fc
    .tuple(
      ids,
      charge,
      fc.integer({ min: 1, max: 4 }),
      anyOrigin,
      fc.constantFrom("RESERVE", "SETTLE", "RELEASE"),
    )
    .map(([a, b, refundId, origin, kind]): Fact => refund(kind, { ...a, ...b, refundId, origin })),
);

const commandAccount = fc.constantFrom(
  ["Liabilities:Merchant:Payable", null],
  ["Liabilities:Merchant:Reserve", null],
  ["Liabilities:Customers:LateMoney", "late:1"],
  ["Expenses:WriteOff", null],
  ["Equity:Opening", null],
  ["Assets:Gateway:Nobody:Receivable", "payment:1"],
  ["Assets:Gateway:Sslcommerz:Receivable", "payment:1"],
  ["Assets:Bank:City", null],
) as fc.Arbitrary<readonly [string, string | null]>;

const bound = fc.option(fc.bigInt(-300n, 300n));

/** Commands of few numbers: some fit, some meet a limit, a condition or an account that is not there. */
export const anyCommand: fc.Arbitrary<Draft> = fc
  .record({
    id: fc.integer({ min: 1, max: 6 }),
    debit: commandAccount,
    credit: commandAccount,
    amountMinor: fc.bigInt(1n, 400n),
    minMinor: bound,
    maxMinor: bound,
    hasCondition: fc.boolean(),
  })
  .map(({ id, debit, credit, amountMinor, minMinor, maxMinor, hasCondition }) => {
    const currency = "BDT";
    return command({
      id,
      legs: [
        { path: debit[0], ref: debit[1], currency, amountMinor },
        { path: credit[0], ref: credit[1], currency, amountMinor: -amountMinor },
      ],
      conditions: hasCondition ? [{ path: debit[0], currency, minMinor, maxMinor }] : [],
      reason: `${id} ${debit[0]} ${credit[0]} ${amountMinor} ${minMinor} ${maxMinor} ${hasCondition}`,
    });
  });
