import { inMemoryTransport } from "@oi/platform/rpc/client";
import { mountService } from "@oi/platform/rpc/service";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { expect, test } from "vitest";
import { CALLBACK, CHECKOUT, checkoutsContract } from "../../application/checkouts.contract.ts";
import type { Checkouts, GatewayCallback } from "../../application/ports.ts";
import type { Checkout } from "../../domain/checkout.ts";
import { checkoutService } from "../../testing/checkout-service.ts";
import { memoryCheckouts } from "../memory/memory-checkouts.ts";
import { rpcCheckouts } from "./rpc-checkouts.ts";

function overTheWire(checkouts: Checkouts): Checkouts {
  const mounted = mountService(CheckoutService, checkoutService(checkouts), silentLogger());
  return rpcCheckouts(inMemoryTransport([mounted]));
}

function holding(checkouts: readonly Checkout[]) {
  const memory = memoryCheckouts();
  for (const checkout of checkouts) memory.put(checkout);
  return memory;
}

checkoutsContract((checkouts) => overTheWire(holding(checkouts)));

test("carries a callback byte for byte", async () => {
  const memory = holding([CHECKOUT]);
  await overTheWire(memory).recordCallback(CALLBACK, { requestId: "r-1" });
  const notification: GatewayCallback = { ...CALLBACK, channel: "notification", reference: "" };
  await overTheWire(memory).recordCallback(notification, { requestId: "r-1" });
  expect(memory.callbacks).toEqual([CALLBACK, notification]);
});
