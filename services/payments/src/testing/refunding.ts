import type { IdempotencyKey } from "../application/ports.ts";
import type { RefundCreation, RefundFile } from "../application/refund-ports.ts";
import type { Payment } from "../domain/payment.ts";
import { newRefund, type Refund } from "../domain/refund.ts";
import { newRefundAttempt } from "../domain/refund-attempt.ts";
import { sampleRefundReference } from "./samples.ts";
import { settle } from "./settled.ts";
import type { StoreWorld } from "./store-world.ts";

type Wish = {
  readonly amountMinor?: bigint;
  readonly needsApproval?: boolean;
  readonly idempotency?: IdempotencyKey | null;
  readonly late?: boolean;
  readonly createdBy?: string;
};

const AMOUNT = { amountMinor: 10_000n, currency: "BDT" };

export async function paidPayment(world: StoreWorld): Promise<Payment> {
  const { payment } = await settle(
    world,
    { charged: AMOUNT, gross: AMOUNT, settled: AMOUNT },
    { amount: AMOUNT },
    {
      gatewayRef: `extra_${sampleRefundReference()}`,
    },
  );
  const stored = await world.payments.byId(payment.id, payment.scope);
  if (!stored) throw new Error("a paid payment is stored");
  return stored;
}

/** Asks for a refund as the use case does. */
export async function ask(world: StoreWorld, payment: Payment, wish: Wish = {}): Promise<RefundCreation> {
  const { amountMinor = 1_000n, needsApproval = false, idempotency = null, late = false } = wish;
  const { createdBy = "rahim" } = wish;
  const basis = await world.refunds.basis(payment.id, payment.scope);
  const charge = basis?.charges.find(({ kind }) => (kind === "EXTRA") === late);
  if (!basis || !charge) throw new Error("a paid payment has its charges");
  const amount = { amountMinor, currency: "BDT" };
  const now = world.now();
  const refund = newRefund(
    {
      id: await world.refunds.nextId(),
      reference: sampleRefundReference(),
      paymentId: payment.id,
      scope: payment.scope,
      chargeId: charge.id,
      amount,
      gatewayAmount: amount,
      origin: late ? "LATE_MONEY" : "MERCHANT",
      originRef: late ? String(charge.id) : "",
      reason: 'A "broken" cup',
      createdBy,
      needsApproval,
    },
    now,
  );
  const attempts = refund.status === "PENDING" ? [newRefundAttempt(refund, 1, charge.account, now)] : [];
  const event = { kind: "refund", type: "refund.requested", occurredAt: now, payment, refund } as const;
  const created = {
    basis,
    write: { refund, isNew: true, attempts },
    event: { ...event, attemptId: charge.attemptId },
  };
  const audit = { actor: createdBy, action: "refund.requested", detail: { refundId: refund.id } };
  return world.refunds.create(created, audit, { requestId: "req-1", idempotency });
}

export async function refundFile(world: StoreWorld, { id }: Refund): Promise<RefundFile> {
  const file = await world.refunds.file(id);
  if (!file) throw new Error(`refund ${id} is gone`);
  return file;
}
