import type { Instant } from "@oi/kernel/instant";
import type { LatePaymentPolicy } from "../domain/application.ts";
import type { RecordedCharge } from "../domain/charge.ts";
import type { RefundChanged } from "../domain/events.ts";
import type { Payment } from "../domain/payment.ts";
import { LATE_MONEY_ACTOR, newRefund } from "../domain/refund.ts";
import { newRefundAttempt } from "../domain/refund-attempt.ts";
import type { Ids } from "./ports.ts";
import type { RefundStore, RefundWrite } from "./refund-ports.ts";

type Returned = { readonly refunds: readonly RefundWrite[]; readonly events: readonly RefundChanged[] };

/**
 * The refunds of late and extra charges, one each, where the application's policy is to return them. They are stored
 * with the charges; an index makes sure that no charge gets a second one.
 */
export async function lateMoney(
  ports: { readonly refunds: RefundStore; readonly ids: Pick<Ids, "refundReference"> },
  payment: Payment,
  charges: readonly RecordedCharge[],
  policy: LatePaymentPolicy,
  now: Instant,
): Promise<Returned> {
  const late = policy === "REFUND" ? charges.filter(({ kind }) => kind !== "SETTLEMENT") : [];
  const refunds = await Promise.all(late.map((charge) => returnCharge(ports, payment, charge, now)));
  const events = refunds.map(({ refund }, i): RefundChanged => {
    const attemptId = late[i]?.attemptId ?? 0;
    return { kind: "refund", type: "refund.requested", occurredAt: now, payment, refund, attemptId };
  });
  return { refunds, events };
}

async function returnCharge(
  { refunds, ids }: Parameters<typeof lateMoney>[0],
  payment: Payment,
  charge: RecordedCharge,
  now: Instant,
): Promise<RefundWrite> {
  const refund = newRefund(
    {
      id: await refunds.nextId(),
      reference: ids.refundReference(),
      paymentId: payment.id,
      scope: payment.scope,
      chargeId: charge.id,
      amount: charge.charged,
      gatewayAmount: charge.gross,
      origin: "LATE_MONEY",
      originRef: String(charge.id),
      reason: charge.kind === "EXTRA" ? "Paid twice" : "Paid after the payment was closed",
      createdBy: LATE_MONEY_ACTOR,
      needsApproval: false,
    },
    now,
  );
  return { refund, isNew: true, attempts: [newRefundAttempt(refund, 1, charge.account, now)] };
}
