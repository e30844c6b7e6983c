import { callbackDigest } from "../adapters/crypto/digests.ts";
import { type MemoryGateway, memoryGateway } from "../adapters/memory/memory-gateway.ts";
import { memoryGateways } from "../adapters/memory/memory-gateways.ts";
import { createPayment } from "../application/create-payment.ts";
import { inquire } from "../application/inquire.ts";
import { openCheckout } from "../application/open-checkout.ts";
import type { PaymentGateways } from "../application/payment-gateway.ts";
import type { PaymentFile } from "../application/ports.ts";
import { type CallbackReceipt, recordCallback } from "../application/record-callback.ts";
import { sweepExpired, sweepInquiries } from "../application/sweep.ts";
import type { CallbackOutcome } from "../domain/callback.ts";
import type { RawCallback } from "../domain/gateway.ts";
import type { NewPayment, Payment, PaymentStatus } from "../domain/payment.ts";
import { type MemoryWorld, memoryWorld } from "./memory-world.ts";
import { sampleReference, sampleRules, sampleWish } from "./samples.ts";
import { register } from "./store-world.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** The use cases over memory stores and a memory gateway, with short words for what tests do again and again. */
export type PaymentDesk = {
  readonly world: MemoryWorld;
  readonly gateway: MemoryGateway;
  readonly gateways: PaymentGateways;
  create(part?: Partial<NewPayment>): Promise<Payment>;
  open(reference: string): Promise<string>;
  /** A payment whose customer is at the gateway. */
  atGateway(part?: Partial<NewPayment>): Promise<AtGateway>;
  callback(raw: RawCallback, pathReference?: string | null): Promise<CallbackReceipt>;
  /** Asks about everything that is due now. */
  sweep(): Promise<void>;
  /** Moves the clock in steps of half a minute and works both lists after each. */
  wait(ms: number): Promise<void>;
  file(reference: string): Promise<PaymentFile>;
  status(reference: string): Promise<PaymentStatus>;
  outcomes(reference: string): Promise<readonly CallbackOutcome[]>;
  events(reference: string): Promise<readonly string[]>;
};

export type AtGateway = { readonly reference: string; readonly merchantRef: string; readonly id: number };

const TICK_MS = 30_000;
const { signal } = new AbortController();

export async function paymentDesk(): Promise<PaymentDesk> {
  const world = memoryWorld();
  const gateway = memoryGateway();
  const gateways = memoryGateways({ TEST: gateway });
  const { id: applicationId } = await register(world);
  const useCases = wire(world, gateways);
  const create = async (part: Partial<NewPayment> = {}): Promise<Payment> => {
    const wish = sampleWish({ scope: { applicationId, mode: "TEST" }, ...part });
    return (await useCases.create(wish, { requestId: "req-1", idempotency: null })).payment;
  };
  const open = async (reference: string): Promise<string> =>
    (await useCases.open(reference, signal)).redirectUrl;
  const sweep = async (): Promise<void> => {
    while (await useCases.sweepInquiries(signal));
  };
  const file = async (reference: string): Promise<PaymentFile> => {
    const found = await world.payments.fileByReference(reference);
    if (!found) throw new Error(`${reference} is gone`);
    return found;
  };
  return {
    world,
    gateway,
    gateways,
    create,
    open,
    atGateway: async (part) => {
      const { reference, id } = await create(part);
      await open(reference);
      return { reference, id, merchantRef: `${reference}-1` };
    },
    callback: (raw, pathReference = null) => useCases.record("SSLCOMMERZ", raw, pathReference),
    sweep,
    wait: async (ms) => {
      const end = world.now() + ms;
      while (world.now() < end) {
        world.clock.advance(Math.min(TICK_MS, end - world.now()));
        await sweep();
        await useCases.sweepExpired(signal);
      }
    },
    file,
    status: async (reference) => (await file(reference)).payment.status,
    outcomes: async (reference) => world.callbackOutcomes((await file(reference)).payment.id),
    events: async (reference) => (await world.published(reference)).map(({ type }) => type),
  };
}

function wire(world: MemoryWorld, gateways: PaymentGateways) {
  const { payments, queue, callbacks, clock } = world;
  const ask = inquire({ payments, gateways, clock, rules: sampleRules });
  return {
    create: createPayment({ payments, clock, ids: { paymentReference: sampleReference } }),
    open: openCheckout({
      payments,
      gateways,
      clock,
      urls: {
        returnUrl: (outcome, reference) => `https://oi.test/return/${outcome}/${reference}`,
        notificationUrl: "https://oi.test/ipn",
      },
      schedule: sampleRules.schedule,
      pause: async (ms) => clock.advance(ms),
    }),
    record: recordCallback({
      callbacks,
      gateways,
      digest: callbackDigest,
      maskedPayload: ({ body }) => new TextDecoder().decode(body),
    }),
    sweepInquiries: sweepInquiries({ queue, inquire: ask }),
    sweepExpired: sweepExpired({ payments, queue, clock }),
  };
}
