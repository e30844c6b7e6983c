import { test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { anyFact } from "../testing/fact-arbitraries.ts";
import { captured, lateMoney } from "../testing/facts.ts";
import { requestHash } from "./request-hash.ts";

const hash = (fact: Parameters<typeof requestHash>[0]): string =>
  Buffer.from(requestHash(fact, nodeSha256)).toString("hex");

it("gives the golden vector", () => {
  const fact = captured({
    amount: { amountMinor: 10_000n, currency: "BDT" },
    settlement: { currency: "BDT", grossMinor: 10_000n, storeMinor: 9_750n },
  });
  expect(hash(fact)).toBe("2e53eb079fa31ef2b118fb6aaad2314a3175bb6bd37e9f4c468dc590408a29c8");
});

test.prop([anyFact])("does not depend on the event, its time or what is only told", (fact) => {
  // The attempt is what a mismatch is about; to every other fact it is only told.
  const attemptId = fact.kind === "MISMATCH" ? fact.attemptId : 1;
  const again = { ...fact, source: captured().source, occurredAt: 1, attemptId, gatewayTxnId: "other" };
  expect(hash(again)).toBe(hash(fact));
});

it("depends on every part of the money", () => {
  const { amount, settlement } = lateMoney();
  const hashes = [
    lateMoney(),
    captured({ amount, settlement }),
    lateMoney({ paymentId: 1 }),
    lateMoney({ receiptId: 1 }),
    lateMoney({ gateway: "other" }),
    lateMoney({ amount: { ...amount, amountMinor: 1n } }),
    lateMoney({ amount: { ...amount, currency: "USD" } }),
    lateMoney({ settlement: { ...settlement, currency: "USD" } }),
    lateMoney({ settlement: { ...settlement, grossMinor: 1n } }),
    lateMoney({ settlement: { ...settlement, storeMinor: null } }),
    lateMoney({ settlement: { ...settlement, storeMinor: 0n } }),
  ].map(hash);
  expect(new Set(hashes).size).toBe(hashes.length);
});
