import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { memoryLedger } from "../adapters/memory/memory-ledger.ts";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { captured, draft, freshScope, lateMoney, mismatch, RECORDED_AT, refund } from "../testing/facts.ts";
import { toHex } from "./canonical-bytes.ts";
import type { Draft } from "./draft.ts";
import { requestHash } from "./request-hash.ts";

const legs = (made: Draft) =>
  made.legs.map(({ path, amountMinor, currency, ref }) => `${path} ${amountMinor} ${currency} ${ref ?? "-"}`);

describe("a refund", () => {
  it("is reserved from what the application earned", () => {
    const made = draft(refund("RESERVE"));
    expect([made.key, made.kind, made.reference]).toEqual(["refund:7:reserved", 20, "payment:123"]);
    expect(legs(made)).toEqual([
      "Liabilities:Merchant:Payable 1000 BDT -",
      "Liabilities:Refunds:InFlight -1000 BDT refund:7",
    ]);
  });

  it("leaves what the gateway owes us when it succeeds, and the fee where it is", () => {
    const made = draft(refund("SETTLE"));
    expect([made.key, made.kind]).toEqual(["refund:7:outcome", 21]);
    expect(legs(made)).toEqual([
      "Liabilities:Refunds:InFlight 1000 BDT refund:7",
      "Assets:Gateway:Sslcommerz:Receivable -1000 BDT refund:7",
    ]);
  });

  it("goes back to where it came from when it fails, under the key of a success", () => {
    const made = draft(refund("RELEASE", { origin: { type: "LATE_MONEY", ref: "55" } }));
    expect([made.key, made.kind]).toEqual(["refund:7:outcome", 22]);
    expect(legs(made)).toEqual([
      "Liabilities:Refunds:InFlight 1000 BDT refund:7",
      "Liabilities:Customers:LateMoney -1000 BDT late:55",
    ]);
  });

  it("of a mismatch empties what is held", () => {
    expect(legs(draft(refund("RESERVE", { origin: { type: "MISMATCH", ref: "9" } })))[0]).toBe(
      "Liabilities:Suspense:Sslcommerz 1000 BDT mismatch:9",
    );
    expect(legs(draft(mismatch()))[1]).toBe("Liabilities:Suspense:Sslcommerz -60000 BDT mismatch:9");
  });

  it("that the gateway takes back in another currency balances in both", () => {
    const settlement = { currency: "USD", grossMinor: 9n, storeMinor: null };
    expect(legs(draft(refund("SETTLE", { settlement })))).toEqual([
      "Liabilities:Refunds:InFlight 1000 BDT refund:7",
      "Assets:Gateway:Sslcommerz:Receivable -9 USD refund:7",
      "Equity:Conversion 9 USD -",
      "Equity:Conversion -1000 BDT -",
    ]);
  });

  it("is another fact with another amount, origin or gateway", () => {
    const hash = (changes: Parameters<typeof refund>[1]) =>
      toHex(requestHash(refund("SETTLE", changes), nodeSha256));
    const hashes = [
      hash({}),
      hash({ amount: { amountMinor: 1_001n, currency: "BDT" } }),
      hash({ origin: { type: "LATE_MONEY", ref: "1" } }),
      hash({ origin: { type: "LATE_MONEY", ref: "2" } }),
      hash({ origin: { type: "MISMATCH", ref: "1" } }),
      hash({ gateway: "other" }),
      toHex(requestHash(refund("RELEASE"), nodeSha256)),
    ];
    expect(new Set(hashes)).toHaveLength(hashes.length);
    expect(hash({})).toBe(hash({ attemptId: 77 }));
  });
});

/** All orders of a payment's six facts: a capture, late money, and two refunds with their outcomes. */
function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

it("comes to the same in all 720 orders of six facts, and balances after each", async () => {
  const scope = freshScope();
  const late = {
    scope,
    refundId: 2,
    origin: { type: "LATE_MONEY", ref: "55" },
    amount: { amountMinor: 6_900n, currency: "BDT" },
  } as const;
  const facts = [
    captured({ scope }),
    lateMoney({ scope }),
    refund("RESERVE", { scope, refundId: 1 }),
    refund("RELEASE", { scope, refundId: 1 }),
    refund("RESERVE", late),
    refund("SETTLE", late),
  ].map(draft);
  const ends = new Set<string>();
  for (const [n, order] of permutations(facts).entries()) {
    const ledger = memoryLedger({ now: () => RECORDED_AT });
    await ledger.books.open(scope);
    // One of them comes twice.
    for (const made of [...order, ...order.slice(n % 6, (n % 6) + 1)]) {
      await ledger.postings.post(scope, [made]);
      const { accounts } = (await ledger.reads.allAccounts(scope)) ?? { accounts: [] };
      expect(accounts.reduce((sum, one) => sum + one.debitsMinor - one.creditsMinor, 0n)).toBe(0n);
    }
    const { accounts } = (await ledger.reads.allAccounts(scope)) ?? { accounts: [] };
    const page = {
      pathPrefix: "",
      currency: null,
      ref: null,
      minAgeSeconds: 0,
      wrongSignOnly: false,
      after: null,
    };
    const open = await ledger.reads.openItems(scope, { ...page, limit: 99 });
    const items = open?.items.map(({ path, ref, amountMinor }) => `${path} ${ref} ${amountMinor}`).sort();
    ends.add(
      [...accounts.map((one) => `${one.path} ${one.debitsMinor} ${one.creditsMinor}`), items].join("\n"),
    );
  }
  expect(ends).toHaveLength(1);
  const [end = ""] = ends;
  expect(end).not.toMatch(/InFlight refund|Customers:LateMoney late/);
});

test.prop([fc.constantFrom("SETTLE", "RELEASE"), fc.constantFrom("SETTLE", "RELEASE")])(
  "has one outcome: the second, if it is another, is a conflict",
  async (first, second) => {
    const scope = freshScope();
    const ledger = memoryLedger({ now: () => RECORDED_AT });
    await ledger.books.open(scope);
    await ledger.postings.post(scope, [draft(refund(first, { scope }))]);
    const [outcome] = await ledger.postings.post(scope, [draft(refund(second, { scope }))]);
    expect(outcome?.code).toBe(first === second ? "REPLAYED" : "IDEMPOTENCY_KEY_CONFLICT");
  },
);
