import { chargeOf, type RecordedCharge } from "../domain/charge.ts";
import { eventsOf } from "../domain/events.ts";
import type { PaidEvidence } from "../domain/gateway.ts";
import { markSucceeded, type OpenPayment, type Payment } from "../domain/payment.ts";
import { sampleEvidence } from "./samples.ts";
import { attempted, type CreateWish, change, created, type StoreWorld } from "./store-world.ts";

export function open(payment: Payment): OpenPayment {
  if (payment.status !== "CREATED" && payment.status !== "PENDING") throw new Error("not open");
  return payment;
}

/** A payment that is paid in one commit, on one attempt; the same charge as extra money when `kind` says so. */
export async function settle(
  world: StoreWorld,
  part: Partial<PaidEvidence> = {},
  wish: CreateWish = {},
  extra: Partial<PaidEvidence> | null = null,
) {
  const { payment, attempt } = await attempted(world, await created(world, wish));
  const now = world.now();
  const evidence = sampleEvidence(open(payment), attempt.merchantRef, part);
  const { gatewayTxnId } = evidence;
  const paid = markSucceeded(open(payment), { at: now, gatewayTxnId, riskLevel: 1, refundedMinor: 0n }, now);
  const settled: Payment = { ...paid.payment, reviewReasons: ["RISK", "CLAIM_MISMATCH"] };
  const record = async (kind: "SETTLEMENT" | "EXTRA", said: PaidEvidence): Promise<RecordedCharge> => {
    const id = await world.payments.nextChargeId();
    return { ...chargeOf(kind, said, attempt.account, now), id, attemptId: attempt.id };
  };
  const charges = [await record("SETTLEMENT", evidence)];
  if (extra) charges.push(await record("EXTRA", { ...evidence, ...extra }));
  await world.payments.commit(
    change(settled, {
      expectedRevision: payment.revision,
      steps: paid.steps,
      charges,
      attempts: [{ ...attempt, state: "PAID", paidAt: now, nextInquiryAt: null }],
      events: eventsOf(settled, paid.steps, now, { attemptId: attempt.id, charges }),
      inquiry: {
        attemptId: attempt.id,
        operation: "inquire",
        askedAt: now,
        tookMs: 0,
        verdict: { outcome: "paid", payments: [evidence] },
        finding: "paid",
        moved: true,
        refuted: false,
      },
    }),
  );
  return { settled, attempt, payment, charges };
}
