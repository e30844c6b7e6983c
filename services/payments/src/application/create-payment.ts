import { eventsOf } from "../domain/events.ts";
import { type NewPayment, newPayment } from "../domain/payment.ts";
import type { Clock, Creation, IdempotencyKey, Ids, PaymentStore } from "./ports.ts";

export type CreatePayment = (
  wish: NewPayment,
  request: { readonly requestId: string; readonly idempotency: IdempotencyKey | null },
) => Promise<Creation>;

/** Makes a payment. One round trip; the gateway is not involved, so it works while the gateway is down. */
export function createPayment({
  payments,
  ids,
  clock,
}: {
  payments: PaymentStore;
  ids: Pick<Ids, "paymentReference">;
  clock: Clock;
}): CreatePayment {
  return async (wish, request) => {
    const now = clock.now();
    const identity = { id: await payments.nextId(), reference: ids.paymentReference() };
    const payment = newPayment(wish, identity, now);
    const steps = [{ version: 1, from: null, to: payment.status, cause: "api" }];
    const [created] = eventsOf(payment, steps, now, { attemptId: null, charges: [] });
    if (!created) throw new Error("a new payment has an event");
    return payments.create(payment, created, request);
  };
}
