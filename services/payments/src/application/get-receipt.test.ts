import { beforeEach, expect, it } from "vitest";
import { MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";
import { getReceipt } from "./get-receipt.ts";

let desk: PaymentDesk;
beforeEach(async () => {
  desk = await paymentDesk();
});

const read = (key: Parameters<ReturnType<typeof getReceipt>>[0]) => getReceipt(desk.world)(key, desk.scope);

async function paid(amountMinor = 123_456_00n, currency = "BDT") {
  const at = await desk.atGateway({ amount: { amountMinor, currency } });
  desk.gateway.pay(at.merchantRef);
  await desk.wait(MINUTE_MS);
  return at;
}

it("says what was paid, how, in words, and what went back, and keeps its number", async () => {
  const at = await paid();
  const before = await read({ id: at.id });
  expect(before).toMatchObject({
    number: 1,
    amountDisplay: "৳1,23,456.00",
    netDisplay: "৳1,23,456.00",
    refunds: [],
    method: { brand: "VISA", last4: "1111" },
    amountInWords: { en: "One lakh twenty-three thousand four hundred fifty-six taka only" },
  });
  const done = await desk.refund(at.id, 456_00n);
  await desk.sweep();
  desk.gateway.completeRefund(`${done.reference}-1`);
  await desk.wait(MINUTE_MS);
  const pending = await desk.refund(at.id, 1_00n);
  desk.gateway.refuse("refund", "No");
  await desk.sweep();
  const open = await desk.refund(at.id, 2_00n, { byOperator: true, createdBy: "rahim" });
  const after = await read({ reference: at.reference });
  expect(after).toMatchObject({
    number: 1,
    issuedAt: before.issuedAt,
    netMinor: 123_000_00n,
    netDisplay: "৳1,23,000.00",
  });
  expect(after.refunds.map(({ id, status }) => `${id} ${status}`)).toEqual([
    `${done.id} SUCCEEDED`,
    `${open.id} PENDING`,
  ]);
  expect(pending.id).not.toBe(open.id);
});

it("has words for taka alone", async () => {
  const at = await paid(12_345n, "USD");
  expect(await read({ id: at.id })).toMatchObject({ amountDisplay: "USD\u202f123.45", amountInWords: null });
});

it("is not there for what is not paid, nor when the application has receipts turned off", async () => {
  const open = await desk.atGateway();
  await expect(read({ id: open.id })).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
  await expect(read({ id: 999 })).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
  desk = await paymentDesk({ receiptsEnabled: false });
  const at = await paid();
  await expect(read({ id: at.id })).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
  expect(desk.world.book.receipts.size).toBe(0);
});
