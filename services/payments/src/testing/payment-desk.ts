import type { Scope } from "@oi/kernel/scope";
import { callbackDigest } from "../adapters/crypto/digests.ts";
import { type MemoryGateway, memoryGateway } from "../adapters/memory/memory-gateway.ts";
import { memoryGateways } from "../adapters/memory/memory-gateways.ts";
import { type ConfirmMismatch, confirmMismatch } from "../application/confirm-mismatch.ts";
import { createPayment } from "../application/create-payment.ts";
import { createRefund, type RefundWish } from "../application/create-refund.ts";
import { type DecideRefund, decideRefund } from "../application/decide-refund.ts";
import { inquire } from "../application/inquire.ts";
import { openCheckout } from "../application/open-checkout.ts";
import type { PaymentGateways } from "../application/payment-gateway.ts";
import type { IdempotencyKey, PaymentFile } from "../application/ports.ts";
import { pursueRefund, sweepRefunds } from "../application/pursue-refund.ts";
import { type CallbackReceipt, recordCallback } from "../application/record-callback.ts";
import type { RefundFile } from "../application/refund-ports.ts";
import { sweepUnmatched } from "../application/rematch-callbacks.ts";
import { type ResolveReview, resolveReview } from "../application/resolve-review.ts";
import { sweepExpired, sweepInquiries } from "../application/sweep.ts";
import type { Settings } from "../domain/application.ts";
import type { CallbackOutcome } from "../domain/callback.ts";
import type { RawCallback } from "../domain/gateway.ts";
import type { NewPayment, Payment, PaymentStatus } from "../domain/payment.ts";
import type { Refund } from "../domain/refund.ts";
import { DEFAULT_REFUND_SCHEDULE } from "../domain/refund-schedule.ts";
import { type MemoryWorld, memoryWorld } from "./memory-world.ts";
import { sampleReference, sampleRefundReference, sampleRules, sampleWish } from "./samples.ts";
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
  /** Asks for a refund as the application, unless `part` names an operator. */
  refund(paymentId: number, amountMinor: bigint, part?: RefundPart): Promise<Refund>;
  readonly decide: DecideRefund;
  readonly resolveReview: ResolveReview;
  readonly confirmMismatch: ConfirmMismatch;
  readonly scope: Scope;
  refundOf(id: number): Promise<RefundFile>;
  file(reference: string): Promise<PaymentFile>;
  status(reference: string): Promise<PaymentStatus>;
  outcomes(reference: string): Promise<readonly CallbackOutcome[]>;
  events(reference: string): Promise<readonly string[]>;
};

type RefundPart = Partial<RefundWish> & { readonly idempotency?: IdempotencyKey | null };

export type AtGateway = { readonly reference: string; readonly merchantRef: string; readonly id: number };

const TICK_MS = 30_000;
const { signal } = new AbortController();

export async function paymentDesk(settings: Partial<Settings> = {}): Promise<PaymentDesk> {
  const world = memoryWorld();
  const gateway = memoryGateway();
  const gateways = memoryGateways({ TEST: gateway });
  const { id: applicationId } = await register(world, settings);
  const useCases = wire(world, gateways);
  const create = async (part: Partial<NewPayment> = {}): Promise<Payment> => {
    const wish = sampleWish({ scope: { applicationId, mode: "TEST" }, ...part });
    return (await useCases.create(wish, { requestId: "req-1", idempotency: null })).payment;
  };
  const open = async (reference: string): Promise<string> =>
    (await useCases.open(reference, signal)).redirectUrl;
  const sweep = async (): Promise<void> => {
    await useCases.sweepUnmatched(signal);
    while (await useCases.sweepInquiries(signal));
    while (await useCases.sweepRefunds(signal));
  };
  const file = async (reference: string): Promise<PaymentFile> => {
    const found = await world.payments.fileByReference(reference);
    if (!found) throw new Error(`${reference} is gone`);
    return found;
  };
  const scope: Scope = { applicationId, mode: "TEST" };
  const refund = async (paymentId: number, amountMinor: bigint, part: RefundPart = {}): Promise<Refund> => {
    const { idempotency = null, ...rest } = part;
    const wish = { scope, paymentId, amountMinor, reason: "", receiptId: null, byOperator: false };
    const request = { requestId: "req-1", idempotency };
    return (await useCases.createRefund({ ...wish, createdBy: `app:${applicationId}`, ...rest }, request))
      .refund;
  };
  return {
    world,
    gateway,
    gateways,
    scope,
    create,
    open,
    refund,
    decide: useCases.decideRefund,
    resolveReview: useCases.resolveReview,
    confirmMismatch: useCases.confirmMismatch,
    refundOf: async (id) => {
      const found = await world.refunds.file(id);
      if (!found) throw new Error(`refund ${id} is gone`);
      return found;
    },
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
  const { payments, queue, callbacks, clock, refunds } = world;
  const ids = { paymentReference: sampleReference, refundReference: sampleRefundReference };
  const chance = (): number => 0;
  const stopwatch = (): number => clock.now();
  const ask = inquire({ payments, refunds, gateways, clock, stopwatch, rules: sampleRules, ids, chance });
  const wakeRefunds = (): void => {};
  const pursue = pursueRefund({
    payments,
    refunds,
    gateways,
    clock,
    stopwatch,
    schedule: DEFAULT_REFUND_SCHEDULE,
  });
  return {
    create: createPayment({ payments, clock, ids }),
    open: openCheckout({
      payments,
      gateways,
      clock,
      urls: {
        returnUrl: (outcome, reference) => `https://oi.test/return/${outcome}/${reference}`,
        notificationUrl: "https://oi.test/ipn",
      },
      schedule: sampleRules.schedule,
      chance,
      pause: async (ms) => clock.advance(ms),
    }),
    record: recordCallback({
      callbacks,
      gateways,
      digest: callbackDigest,
      maskedPayload: ({ body }) => new TextDecoder().decode(body),
    }),
    createRefund: createRefund({ refunds, ids, clock, wakeRefunds }),
    decideRefund: decideRefund({ payments, refunds, clock, wakeRefunds }),
    resolveReview: resolveReview({ payments, refunds, clock }),
    confirmMismatch: confirmMismatch({ payments, clock, wakeInquiries: () => {} }),
    sweepRefunds: sweepRefunds({ queue: world.refundQueue, pursue }),
    sweepUnmatched: sweepUnmatched({ callbacks, gateways, wakeInquiries: () => {} }),
    sweepInquiries: sweepInquiries({ queue, inquire: ask }),
    sweepExpired: sweepExpired({ payments, queue, clock }),
  };
}
