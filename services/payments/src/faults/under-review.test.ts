import { expect, it } from "vitest";
import { MINUTE_MS, paymentDesk } from "../testing/payment-desk.ts";

it("a payment under review still follows what the gateway says, and its refunds", async () => {
  const desk = await paymentDesk();
  const at = await desk.atGateway();
  desk.gateway.pay(at.merchantRef, { charged: { amountMinor: 1n, currency: "BDT" } });
  await desk.wait(MINUTE_MS);
  expect((await desk.file(at.reference)).payment).toMatchObject({
    status: "PENDING",
    reviewReasons: ["AMOUNT_MISMATCH"],
  });
  desk.gateway.pay(at.merchantRef);
  await desk.callback(desk.gateway.callback(at.merchantRef));
  await desk.sweep();
  const { payment } = await desk.file(at.reference);
  expect(payment).toMatchObject({ status: "SUCCEEDED", reviewReasons: ["AMOUNT_MISMATCH"] });
  const refund = await desk.refund(at.id, payment.amount.amountMinor);
  await desk.sweep();
  desk.gateway.completeRefund(`${refund.reference}-1`);
  await desk.wait(MINUTE_MS);
  expect(await desk.status(at.reference)).toBe("REFUNDED");
});
