import { expect, it } from "vitest";
import { arrangements } from "../testing/callback-kit.ts";
import { MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";

/** The callbacks of a session that failed, was paid at the second try and then ran out, with a forgery among them. */
function tell(desk: PaymentDesk, merchantRef: string, gatewayRef: string) {
  const told = (says: string, part: object = {}) =>
    desk.gateway.callback(merchantRef, { set: { says }, ...part });
  return [
    told("failed"),
    told("paid", { set: { says: "paid", gatewayRef } }),
    told("paid", { channel: "return", set: { says: "paid", gatewayRef } }),
    told("cancelled", { token: "guessed" }),
    told("expired"),
  ];
}

/** Everything that a merchant, a customer or a bookkeeper can see. */
async function endOf(order: readonly number[]): Promise<string> {
  const desk = await paymentDesk();
  const { reference, merchantRef } = await desk.atGateway();
  desk.gateway.fail(merchantRef);
  const { gatewayRef } = desk.gateway.pay(merchantRef);
  const callbacks = tell(desk, merchantRef, gatewayRef);
  for (const i of order) {
    const callback = callbacks[i];
    if (callback) await desk.callback(callback, callback.channel === "return" ? reference : null);
    await desk.sweep();
  }
  await desk.wait(MINUTE_MS);
  const { payment, knownCharges } = await desk.file(reference);
  const { status, version, reviewReasons } = payment;
  const events = await desk.events(reference);
  return JSON.stringify({
    status,
    version,
    reviewReasons,
    events,
    charges: knownCharges.length,
    refunds: desk.gateway.refunds.size,
  });
}

it("five callbacks end the same in all their orders, all of them or only some", async () => {
  const orders = arrangements([0, 1, 2, 3, 4]);
  expect(orders).toHaveLength(326);
  const ends = new Set<string>();
  for (const order of orders) ends.add(await endOf(order));
  expect([...ends]).toEqual([
    '{"status":"SUCCEEDED","version":3,"reviewReasons":[],"events":["payment.created","payment.opened","payment.succeeded"],"charges":1,"refunds":0}',
  ]);
});
