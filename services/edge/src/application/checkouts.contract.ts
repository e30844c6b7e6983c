import { describe, expect, test } from "vitest";
import type { Checkout } from "../domain/checkout.ts";
import type { Checkouts, GatewayCallback } from "./ports.ts";

export const CHECKOUT: Checkout = {
  reference: "pay_1111111111111111111111",
  status: "CREATED",
  mode: "TEST",
  amountMinor: 125_000n,
  currency: "BDT",
  appName: "Storefront",
  productName: "Pro plan",
  gateway: "SSLCOMMERZ",
  redirectUrl: "https://shop.example/done?cart=7",
  expiresAt: Date.parse("2126-06-04T10:30:00Z"),
  paidAt: null,
  underReview: false,
  awaitingConfirmation: false,
  gatewayOrigins: ["https://*.sslcommerz.com"],
  version: 1,
  refundedMinor: 0n,
  refundedAt: null,
  latePaymentPolicy: "REFUND",
  method: null,
  lateMoney: null,
  differingMoney: null,
};

export const UNKNOWN_REFERENCE = "pay_9999999999999999999999";

export const CALLBACK: GatewayCallback = {
  channel: "return",
  reference: CHECKOUT.reference,
  method: "POST",
  path: "/return",
  contentType: "application/x-www-form-urlencoded",
  body: new Uint8Array([0x61, 0xff, 0x00]),
  query: "x=%41",
  remoteAddress: "127.0.0.1",
};

const trace = { requestId: "r-1" };

/** What every implementation of the port must do. `make` gives a fresh world that holds exactly `checkouts`. */
export function checkoutsContract(make: (checkouts: readonly Checkout[]) => Checkouts): void {
  describe("Checkouts", () => {
    test("reads every field of a checkout", async () => {
      const full: Checkout = {
        ...CHECKOUT,
        paidAt: Date.parse("2026-06-04T10:05:00.123Z"),
        underReview: true,
        awaitingConfirmation: true,
        version: 4,
        refundedMinor: 25_000n,
        refundedAt: Date.parse("2026-06-05T11:00:00.456Z"),
        latePaymentPolicy: "HOLD",
        method: { channel: "VISA-Dutch Bangla", brand: "VISA" },
        lateMoney: { amountMinor: 125_000n, state: "RETURNING" },
        differingMoney: "HELD",
      };
      expect(await make([full]).byReference(full.reference, trace)).toEqual(full);
    });

    test("reads a checkout without what it need not have", async () => {
      const bare: Checkout = { ...CHECKOUT, productName: null, redirectUrl: null, gatewayOrigins: [] };
      expect(await make([bare]).byReference(bare.reference, trace)).toEqual(bare);
    });

    test("knows nothing of an unknown reference", async () => {
      const checkouts = make([CHECKOUT]);
      const refused = { reason: "RESOURCE_NOT_FOUND" };
      await expect(checkouts.byReference(UNKNOWN_REFERENCE, trace)).rejects.toMatchObject(refused);
      await expect(checkouts.open(UNKNOWN_REFERENCE, trace)).rejects.toMatchObject(refused);
      const callback = { ...CALLBACK, reference: UNKNOWN_REFERENCE };
      await expect(checkouts.recordCallback(callback, trace)).rejects.toMatchObject(refused);
    });

    test("opens once and finds the open session again", async () => {
      const checkouts = make([CHECKOUT]);
      const first = await checkouts.open(CHECKOUT.reference, trace);
      expect(first).toMatch(/^https:/);
      expect(await checkouts.open(CHECKOUT.reference, trace)).toBe(first);
      expect((await checkouts.byReference(CHECKOUT.reference, trace)).status).toBe("PENDING");
    });

    test("does not open what is over", async () => {
      const checkouts = make([{ ...CHECKOUT, status: "EXPIRED" }]);
      const opening = checkouts.open(CHECKOUT.reference, trace);
      await expect(opening).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
    });

    test("takes a notification that names no payment", async () => {
      const callback: GatewayCallback = { ...CALLBACK, channel: "notification", reference: "" };
      await expect(make([]).recordCallback(callback, trace)).resolves.toBeUndefined();
    });
  });
}
