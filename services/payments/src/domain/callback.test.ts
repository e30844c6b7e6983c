import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { sampleAttempt, samplePayment } from "../testing/samples.ts";
import { type CallbackSubject, ruleOnCallback } from "./callback.ts";
import type { Claim } from "./gateway.ts";
import { close, markSucceeded, type Payment } from "./payment.ts";

const NOW = 1_767_225_600_000;
const open = samplePayment(NOW);
const paid = { at: NOW, gatewayTxnId: "bank_1", riskLevel: 0, refundedMinor: 0n } as const;
const payments: readonly Payment[] = [
  open,
  { ...open, status: "PENDING" },
  markSucceeded(open, paid, NOW).payment,
  close(open, "FAILED", "declined", "gateway.failed", NOW).payment,
  close(open, "CANCELLED", null, "gateway.cancelled", NOW).payment,
  close(open, "EXPIRED", null, "time.over", NOW).payment,
];

const claim: fc.Arbitrary<Claim> = fc.record({
  merchantRef: fc.option(fc.string(), { nil: null }),
  gatewayRef: fc.option(fc.constantFrom("val_1", "val_2", ""), { nil: null }),
  accountRef: fc.option(fc.constantFrom("memory-store", "other"), { nil: null }),
  money: fc.option(
    fc.record({
      amountMinor: fc.constantFrom(open.amount.amountMinor, 0n, -1n),
      currency: fc.constantFrom("BDT", "?"),
    }),
    { nil: null },
  ),
  says: fc.constantFrom("paid", "failed", "cancelled", "expired", "pending", "unrecognised"),
  signature: fc.constantFrom("valid", "weak", "absent", "invalid"),
  note: fc.option(fc.string(), { nil: null }),
});
const subject: fc.Arbitrary<CallbackSubject> = fc.record({
  payment: fc.constantFrom(...payments),
  attempt: fc
    .constantFrom("OPENING", "OPEN", "REJECTED", "PAID", "FAILED", "CANCELLED", "EXPIRED", "UNKNOWN")
    .map((state) => sampleAttempt(open, NOW, { state })),
  knownCharges: fc.subarray(["val_1", "val_2"]),
  accountRef: fc.constant("memory-store"),
});
const channel = fc.constantFrom("return" as const, "notification" as const);
const path = fc.constantFrom(null, open.reference, "pay_other");

describe("the ruling on any callback", () => {
  test.prop([claim, channel, path, subject], { numRuns: 3_000 })(
    "asks exactly when the callback waits for an answer, and never for a forged one",
    (said, by, named, about) => {
      const ruling = ruleOnCallback(said, by, named, about);
      expect(ruling.ask).toBe(ruling.outcome === "PENDING_VERIFICATION");
      if (said.signature === "invalid") expect(ruling.outcome).toBe("FORGED");
      const isUnsignedSuccess = said.signature === "absent" && by === "notification" && said.says === "paid";
      if (isUnsignedSuccess) expect(ruling.outcome).toBe("FORGED");
      const isForeign = said.signature === "absent" && named === "pay_other";
      if (isForeign) expect(ruling.outcome).toBe("FORGED");
    },
  );

  test.prop([claim, channel, path, subject], { numRuns: 3_000 })(
    "always asks about a signed claim of a charge that nobody knows",
    (said, by, named, about) => {
      const isSigned = said.signature === "valid" || said.signature === "weak";
      const isNew = said.gatewayRef !== null && !about.knownCharges.includes(said.gatewayRef);
      fc.pre(isSigned && isNew && said.says === "paid");
      expect(ruleOnCallback(said, by, named, about).ask).toBe(true);
    },
  );

  test.prop([claim, channel, path, subject], { numRuns: 3_000 })(
    "finds fault with figures only where a signature stands behind them",
    (said, by, named, about) => {
      const { claimDiffers, ask } = ruleOnCallback(said, by, named, about);
      const isSigned = said.signature === "valid" || said.signature === "weak";
      const otherMoney =
        said.money !== null &&
        (said.money.amountMinor !== open.amount.amountMinor || said.money.currency !== "BDT");
      const differs = isSigned && said.says === "paid" && (otherMoney || said.accountRef === "other");
      expect(claimDiffers).toBe(ask && differs);
    },
  );

  test.prop([claim, channel, path])("is unmatched without a payment", (said, by, named) => {
    expect(ruleOnCallback(said, by, named, null)).toMatchObject({ outcome: "UNMATCHED", ask: false });
  });
});
