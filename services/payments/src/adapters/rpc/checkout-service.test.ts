import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { mountService } from "@oi/platform/rpc/service";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { LatePaymentPolicy } from "@oi/proto/payments/v1/application";
import type { Checkout } from "@oi/proto/payments/v1/checkout";
import { DifferingMoneyState, LateMoneyState } from "@oi/proto/payments/v1/checkout";
import { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { PaymentStatus } from "@oi/proto/payments/v1/payment";
import { expect, it } from "vitest";
import { getCheckout } from "../../application/get-checkout.ts";
import type { Settings } from "../../domain/application.ts";
import { HOUR_MS, MINUTE_MS, paymentDesk } from "../../testing/payment-desk.ts";
import { checkoutService } from "./checkout-service.ts";

/** Real: use case, service, wire. Doubles: stores and gateway in memory. Oracle: experience.md 2.2, contract §5. */
async function open(settings: Partial<Settings> = {}) {
  const desk = await paymentDesk(settings);
  const unused = (): never => {
    throw new Error("only reading is asked for here");
  };
  const impl = checkoutService({
    getCheckout: getCheckout({ payments: desk.world.payments, gateways: desk.gateways }),
    openCheckout: unused,
    takeCallback: unused,
  });
  const transport = inMemoryTransport([mountService(CheckoutService, impl, silentLogger())]);
  const client = rpcClient(CheckoutService, transport);
  const read = async (reference: string): Promise<Checkout> => {
    const { checkout } = await client.getCheckout({ reference });
    if (!checkout) throw new Error("an answer without checkout");
    return checkout;
  };
  return { desk, read };
}

it("an open payment's page knows the policy and nothing of money", async () => {
  const { desk, read } = await open({ latePaymentPolicy: "HOLD" });
  const { reference } = await desk.atGateway();
  const checkout = await read(reference);
  expect(checkout).toMatchObject({
    status: PaymentStatus.PENDING,
    version: 2n,
    refundedMinor: 0n,
    latePaymentPolicy: LatePaymentPolicy.HOLD,
  });
  const absent = ["methodChannel", "methodBrand", "refundedAt", "lateMoney", "paidAt"] as const;
  for (const field of absent) expect(checkout[field]).toBeUndefined();
});

it("a paid payment's page says how, and no digit of the card nor any other id travels", async () => {
  const { desk, read } = await open();
  const at = await desk.atGateway();
  desk.gateway.pay(at.merchantRef);
  await desk.wait(MINUTE_MS);
  const refund = await desk.refund(at.id, 400n);
  await desk.sweep();
  desk.gateway.completeRefund(`${refund.reference}-1`);
  await desk.wait(MINUTE_MS);
  const { $unknown, $typeName, ...checkout } = await read(at.reference);
  expect(checkout).toMatchObject({
    status: PaymentStatus.PARTIALLY_REFUNDED,
    methodChannel: "VISA-Test",
    methodBrand: "VISA",
    refundedMinor: 400n,
    refundedAt: expect.anything(),
    latePaymentPolicy: LatePaymentPolicy.REFUND,
  });
  const text = JSON.stringify(checkout, (_, value) => (typeof value === "bigint" ? `${value}` : value));
  for (const secret of ["1111", "rahima", "8801712345678", "cust-1"]) expect(text).not.toContain(secret);
});

it.each([
  ["REFUND", LateMoneyState.RETURNING, LateMoneyState.RETURNED],
  ["HOLD", LateMoneyState.HELD, LateMoneyState.HELD],
] as const)("money after the end under %s is told, and what became of it", async (policy, before, after) => {
  const { desk, read } = await open({ latePaymentPolicy: policy });
  const at = await desk.atGateway();
  desk.gateway.cancel(at.merchantRef);
  await desk.wait(MINUTE_MS);
  desk.gateway.pay(at.merchantRef);
  await desk.callback(desk.gateway.callback(at.merchantRef));
  await desk.sweep();
  const late = await read(at.reference);
  expect(late).toMatchObject({ status: PaymentStatus.CANCELLED, lateMoney: { state: before } });
  expect(late.lateMoney?.amountMinor).toBe(late.amount?.amountMinor);
  for (const [, { refund, attempts }] of desk.world.book.refunds) {
    const ref = attempts[0]?.merchantRefundRef ?? refund.reference;
    desk.gateway.completeRefund(ref);
  }
  await desk.wait(10 * MINUTE_MS);
  expect((await read(at.reference)).lateMoney?.state).toBe(after);
});

it("differing money of a payment that ended is told until a person has dealt with it", async () => {
  const { desk, read } = await open();
  const at = await desk.atGateway({ amount: { amountMinor: 10_000n, currency: "BDT" } });
  const said = async () => (await read(at.reference)).differingMoney;
  const less = { amountMinor: 9_900n, currency: "BDT" };
  desk.gateway.cancel(at.merchantRef);
  await desk.wait(MINUTE_MS);
  expect(await said()).toBe(DifferingMoneyState.UNSPECIFIED);
  desk.gateway.pay(at.merchantRef, { charged: less, gross: less });
  await desk.wait(HOUR_MS);
  expect(await read(at.reference)).toMatchObject({ status: PaymentStatus.CANCELLED, underReview: true });
  expect(await said()).toBe(DifferingMoneyState.HELD);
  const [mismatch] = (await desk.file(at.reference)).mismatches;
  const named = { paymentId: at.id, receiptId: mismatch?.id ?? 0, scope: desk.scope };
  await desk.confirmMismatch(named, { seen: less, actor: "karim", note: "In the panel" });
  expect([(await read(at.reference)).underReview, await said()]).toEqual([false, DifferingMoneyState.HELD]);
  const { scope } = desk;
  const back = { receiptId: named.receiptId, byOperator: true, createdBy: "rahim", scope };
  const refund = await desk.refund(at.id, 9_900n, back);
  expect(await said()).toBe(DifferingMoneyState.RETURNING);
  await desk.sweep();
  desk.gateway.completeRefund(`${refund.reference}-1`);
  await desk.wait(10 * MINUTE_MS);
  expect(await said()).toBe(DifferingMoneyState.RETURNED);
});

it("late money whose refund nobody knows to be executed is not said to be on its way", async () => {
  const { desk, read } = await open();
  const at = await desk.atGateway();
  desk.gateway.cancel(at.merchantRef);
  await desk.wait(MINUTE_MS);
  desk.gateway.setUnknown("refund", { outcome: "unknown", cause: "timeout", sent: true });
  desk.gateway.pay(at.merchantRef);
  await desk.callback(desk.gateway.callback(at.merchantRef));
  await desk.sweep();
  expect(await read(at.reference)).toMatchObject({
    underReview: true,
    lateMoney: { state: LateMoneyState.HELD },
  });
});
