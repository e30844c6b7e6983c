import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { isPaid } from "../domain/payment.ts";
import { holdsItsAmount, type Refund } from "../domain/refund.ts";
import { MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";

const PAID = 10_000n;

/** From far below nothing to far beyond what a number holds exactly, with the edges more often. */
const amounts = fc.oneof(
  fc.constantFrom(0n, -1n, 1n, 6_000n, PAID, PAID + 1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n),
  fc.bigInt({ min: -PAID, max: PAID + 5n }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
);

const steps = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant("ask" as const), amount: amounts, byOperator: fc.boolean() }),
    fc.record({
      act: fc.constantFrom("approve" as const, "reject" as const, "give back" as const, "refuse" as const),
      which: fc.nat(20),
    }),
  ),
  { maxLength: 14 },
);

type Step = typeof steps extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

async function take(desk: PaymentDesk, paymentId: number, made: number[], step: Step): Promise<void> {
  if (step.act === "ask") {
    const { byOperator } = step;
    const by = byOperator ? { byOperator, createdBy: "rahim" } : {};
    made.push((await desk.refund(paymentId, step.amount, by)).id);
    return;
  }
  const id = made[step.which % Math.max(1, made.length)];
  if (id === undefined) return;
  const { refund, attempts } = await desk.refundOf(id);
  const reference = attempts.at(-1)?.merchantRefundRef ?? "";
  if (step.act === "give back" || step.act === "refuse") {
    // Only what was told to the gateway has an outcome there.
    if (!desk.gateway.refunds.has(reference)) return;
  }
  if (step.act === "give back") desk.gateway.completeRefund(reference);
  else if (step.act === "refuse") desk.gateway.cancelRefund(reference);
  else {
    const decision = step.act === "approve" ? { kind: step.act } : { kind: step.act, reason: null };
    await desk.decide({ id: refund.id, scope: desk.scope }, "karim", decision);
  }
}

const sum = (refunds: readonly Refund[]): bigint =>
  refunds.reduce((total, { amount }) => total + amount.amountMinor, 0n);

test.prop([steps], { numRuns: 200 })(
  "no history of refunds, whatever their amounts, holds or returns more than was paid",
  async (history) => {
    const desk = await paymentDesk({ refundApprovalThresholdMinor: 5_000n });
    const at = await desk.atGateway({ amount: { amountMinor: PAID, currency: "BDT" } });
    desk.gateway.pay(at.merchantRef);
    await desk.wait(MINUTE_MS);
    const made: number[] = [];
    for (const step of history) {
      // A refusal is an answer, too; anything else would be a bug.
      await take(desk, at.id, made, step).catch((error: unknown) =>
        expect(error).toMatchObject({
          reason: expect.stringMatching(/^(INVALID_OPERATION_STATE|VALIDATION_ERROR)$/),
        }),
      );
      await desk.wait(MINUTE_MS);
      const refunds = [...desk.world.book.refunds.values()].map(({ refund }) => refund);
      const { payment } = await desk.file(at.reference);
      for (const { amount } of refunds) expect(amount.amountMinor).toBeGreaterThan(0n);
      expect(sum(refunds.filter(holdsItsAmount))).toBeLessThanOrEqual(PAID);
      const returned = sum(refunds.filter(({ status }) => status === "SUCCEEDED"));
      expect(isPaid(payment) && payment.paid.refundedMinor).toBe(returned);
      const status = returned === 0n ? "SUCCEEDED" : returned === PAID ? "REFUNDED" : "PARTIALLY_REFUNDED";
      expect(payment.status).toBe(status);
    }
  },
  60_000,
);
