import type { Draft } from "../domain/draft.ts";
import { captured, command, draft } from "./facts.ts";

/** Bytes that the design fixes: whatever computes them, in whichever language, must come to the same. */
export const GOLDEN = {
  requestHash: "2e53eb079fa31ef2b118fb6aaad2314a3175bb6bd37e9f4c468dc590408a29c8",
  genesis: "1067641f277649d4c7ccf63912e679322f90cec86504a1607df062122ca864d8",
  transactionLeaf: "b6091cfdcb6f33e85955d68026fafa5ff671fd8c9ff581ea55c40526e40b0b84",
  rejectionLeaf: "fcb789e3729f51d16128cabc5c34949b5d5c7c07963b4811480e2e15dae8472a",
  root: "0c2916360b36336649b183bf9df837d15cdfc21fe793847e77cf9d200444df20",
  blockHash: "36d70d4e049a412f74ab6671c00213b8ac1920ffa6bf40b8efb69b1ee59dd724",
};

export const GOLDEN_SCOPE = { applicationId: 7, mode: "LIVE" } as const;
export const GOLDEN_TIME = "2026-01-05T08:00:00.123456Z";
export const GOLDEN_TIME_US = 1_767_600_000_123_456n;

/** A capture of 100.00 BDT, of which the gateway keeps 2.50. */
export const GOLDEN_CAPTURE: Draft = {
  ...draft(
    captured({
      scope: GOLDEN_SCOPE,
      source: {
        eventUuid: "018f3c2a-0000-7000-8000-000000000001",
        subject: "payments.payment.succeeded",
      },
      amount: { amountMinor: 10_000n, currency: "BDT" },
      settlement: { currency: "BDT", grossMinor: 10_000n, storeMinor: 9_750n },
    }),
  ),
  details: "{}",
};

/** A command whose condition cannot hold. */
export function goldenCommand(requestHash: Uint8Array): Draft {
  return {
    ...command({ id: 9 }),
    requestHash,
    conditions: [{ path: "Expenses:WriteOff", currency: "BDT", minMinor: null, maxMinor: -1n }],
  };
}
