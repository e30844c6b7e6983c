import type { Scope } from "@oi/kernel/scope";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { approveAdjustment, proposeAdjustment } from "../application/adjust.ts";
import type { LedgerPorts } from "../application/postings.contract.ts";
import type { Adjustment, AdjustmentContent } from "../domain/adjustment.ts";
import type { Leg } from "../domain/draft.ts";
import { captured, draft, lateMoney, mismatch, OCCURRED_AT, refund, unique } from "./facts.ts";

/**
 * Everything that a book can hold: payments with and without a fee, in several currencies and settled in another one,
 * refunds that succeed, fail and stay open, late money that is returned, released and kept, a mismatch, adjustments, a
 * reversal and a refusal. Several batches, so several blocks.
 */
export async function tellStory(ports: LedgerPorts, scope: Scope): Promise<void> {
  const { books, postings } = ports;
  await books.open(scope);
  const money = (amountMinor: bigint, currency: string) => ({ amountMinor, currency });
  const yen = { currency: "JPY", grossMinor: 5_000n, storeMinor: 4_875n };
  const dollars = { currency: "USD", grossMinor: 500n, storeMinor: 490n };
  await postings.post(
    scope,
    [
      captured({ scope, paymentId: 1 }),
      captured({
        scope,
        paymentId: 2,
        settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor: null },
      }),
      captured({ scope, paymentId: 3, amount: money(5_000n, "JPY"), settlement: yen }),
      captured({ scope, paymentId: 4, settlement: dollars, gateway: "other-gw" }),
      lateMoney({ scope, paymentId: 1, receiptId: 55 }),
      lateMoney({ scope, paymentId: 2, receiptId: 56 }),
      lateMoney({ scope, paymentId: 2, receiptId: 57 }),
      mismatch({ scope, paymentId: 5, attemptId: 9 }),
    ].map(draft),
  );
  const late = { type: "LATE_MONEY", ref: "55" } as const;
  await postings.post(
    scope,
    [
      refund("RESERVE", { scope, paymentId: 1, refundId: 1 }),
      refund("SETTLE", { scope, paymentId: 1, refundId: 1 }),
      // The outcome first: the item in flight dips and meets zero.
      refund("RELEASE", { scope, paymentId: 1, refundId: 2 }),
      refund("RESERVE", { scope, paymentId: 1, refundId: 2 }),
      refund("RESERVE", { scope, paymentId: 1, refundId: 3, origin: late, amount: money(6_900n, "BDT") }),
      refund("SETTLE", { scope, paymentId: 1, refundId: 3, origin: late, amount: money(6_900n, "BDT") }),
      refund("RESERVE", { scope, paymentId: 2, refundId: 4, amount: money(60_000n, "BDT") }),
    ].map(draft),
  );
  const pair = (path: string, amountMinor: bigint, ref: string | null): readonly Leg[] => [
    { path, currency: "BDT", amountMinor, ref },
    { path: "Liabilities:Merchant:Payable", currency: "BDT", amountMinor: -amountMinor, ref: null },
  ];
  await adjust(ports, scope, { legs: pair("Liabilities:Customers:LateMoney", 6_900n, "late:56") });
  const written = await adjust(ports, scope, {
    legs: pair("Expenses:WriteOff", 100n, null),
    reason: 'said "no", then; yes | আচ্ছা 💸',
  });
  // A reserve that nothing covers: refused, and the refusal is kept.
  await adjust(ports, scope, { legs: pair("Liabilities:Merchant:Reserve", 1n, null) });
  await adjust(ports, scope, {
    reverseSeq: written.state.status === "POSTED" ? written.state.seq : null,
  });
  await postings.post(scope, [draft(captured({ scope, paymentId: 6 }))]);
}

/** Proposed by one and approved by another. */
async function adjust(
  ports: LedgerPorts,
  scope: Scope,
  changes: Partial<AdjustmentContent>,
): Promise<Adjustment> {
  const own = { ...ports, sha256: nodeSha256, now: () => OCCURRED_AT };
  const content: AdjustmentContent = {
    ...{ businessDate: null, conditions: [], legs: [], reason: "agreed with the merchant" },
    ...{ reference: null, reverseSeq: null },
    ...changes,
  };
  const proposal = { content, key: `key-${unique()}`, maker: "anik", isOpening: false };
  const { id } = await proposeAdjustment(own)(scope, proposal);
  return approveAdjustment(own)(scope, id, "bela");
}
