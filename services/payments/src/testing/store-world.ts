import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type { CredentialStore } from "../application/credentials.ts";
import type { ReceiptStore } from "../application/get-receipt.ts";
import type { TimelineStore } from "../application/get-timeline.ts";
import type { ReviewStore } from "../application/list-reviews.ts";
import { paymentChange } from "../application/payment-change.ts";
import type {
  ApplicationStore,
  CallbackStore,
  IdempotencyKey,
  InquiryQueue,
  PaymentFile,
  PaymentStore,
} from "../application/ports.ts";
import type { RefundQueue, RefundStore } from "../application/refund-ports.ts";
import { type Application, DEFAULT_SETTINGS } from "../domain/application.ts";
import type { Attempt } from "../domain/attempt.ts";
import type { CallbackOutcome } from "../domain/callback.ts";
import { eventsOf, type PaymentsEvent } from "../domain/events.ts";
import { type NewPayment, newPayment, type Payment, type Step } from "../domain/payment.ts";
import { sampleAttempt, sampleReference, sampleWish, uniqueNumber } from "./samples.ts";

/** The four stores over one set of data, together with eyes and hands that no port has. */
export type StoreWorld = AsyncDisposable & {
  readonly payments: PaymentStore;
  readonly queue: InquiryQueue;
  readonly refunds: RefundStore;
  readonly refundQueue: RefundQueue;
  readonly receipts: ReceiptStore;
  readonly reviews: ReviewStore;
  readonly timeline: TimelineStore;
  readonly credentials: CredentialStore;
  readonly callbacks: CallbackStore;
  readonly applications: ApplicationStore;
  /** The time by which inquiries are due and leases end. */
  now(): Instant;
  /** Every lease taken so far is over. */
  endLeases(): Promise<void>;
  /** The credential opens nothing any more from this moment on. */
  endCredential(credentialId: number): Promise<void>;
  history(paymentId: number): Promise<readonly Step[]>;
  /** Events about a payment or an application as they are to be published, oldest first. */
  published(aggregate: string): Promise<readonly Published[]>;
  /** Oldest first; copies included. */
  callbackOutcomes(paymentId: number): Promise<readonly CallbackOutcome[]>;
  inquiries(paymentId: number): Promise<readonly string[]>;
  /** `actor action`, oldest first. */
  audited(applicationId: number): Promise<readonly string[]>;
};

export type Published = { readonly type: string; readonly version: number };

/** What an event is published under; one spelling for every store's test. */
export function publicationOf(event: PaymentsEvent): Published & { readonly aggregate: string } {
  if (event.kind === "application") {
    const { id, version } = event.application;
    return { type: "application.updated", version, aggregate: `app_${id}` };
  }
  const { reference, version } = event.payment;
  const type =
    event.kind === "late_receipt"
      ? "late_receipt.recorded"
      : event.kind === "mismatch"
        ? "mismatch.confirmed"
        : event.type;
  return { type, version, aggregate: reference };
}

export async function register(world: StoreWorld, settings: Partial<Application> = {}): Promise<Application> {
  const wanted = { ...DEFAULT_SETTINGS, name: `Shop ${uniqueNumber()}`, webhookUrl: null };
  const { application } = await world.applications.register(wanted, [], {
    key: null,
    fingerprint: new Uint8Array(32),
    actor: "test",
  });
  if (Object.keys(settings).length === 0) return application;
  const changed = { ...application, ...settings, version: application.version + 1 };
  await world.applications.commit({
    application: changed,
    expectedVersion: application.version,
    event: { kind: "application", occurredAt: world.now(), application: changed },
    actor: "test",
    answer: null,
  });
  return changed;
}

export async function scopeOf(world: StoreWorld): Promise<Scope> {
  return { applicationId: (await register(world)).id, mode: "TEST" };
}

export type CreateWish = Partial<NewPayment> & {
  readonly idempotency?: IdempotencyKey | null;
  readonly requestId?: string;
  readonly createdAt?: Instant;
};

/** Creates a payment as the use case does. */
export async function create(world: StoreWorld, wish: CreateWish = {}) {
  const { idempotency = null, requestId = "req-1", createdAt = world.now(), ...part } = wish;
  const scope = part.scope ?? (await scopeOf(world));
  const identity = { id: await world.payments.nextId(), reference: sampleReference() };
  const payment = newPayment(sampleWish({ ...part, scope }), identity, createdAt);
  const steps = [{ version: 1, from: null, to: payment.status, cause: "api" }];
  const [event] = eventsOf(payment, steps, createdAt, { attemptId: null, charges: [] });
  if (!event) throw new Error("a new payment has an event");
  return world.payments.create(payment, event, { requestId, idempotency });
}

export async function created(world: StoreWorld, wish: CreateWish = {}): Promise<Payment> {
  return (await create(world, wish)).payment;
}

export async function fileOf(world: StoreWorld, { reference }: Payment): Promise<PaymentFile> {
  const file = await world.payments.fileByReference(reference);
  if (!file) throw new Error(`${reference} is gone`);
  return file;
}

/** A change that moves nothing until `part` says so. */
export const change = paymentChange;

/** Stores a further attempt of the payment and gives both back as they are now. */
export async function attempted(
  world: StoreWorld,
  payment: Payment,
  part: Partial<Attempt> = {},
): Promise<{ payment: Payment; attempt: Attempt }> {
  const file = await fileOf(world, payment);
  if (file.payment.status !== "CREATED" && file.payment.status !== "PENDING") throw new Error("not open");
  const wanted = sampleAttempt(file.payment, world.now(), { no: file.attempts.length + 1, ...part });
  const opening: Attempt = { ...wanted, state: "OPENING", sessionKey: null, redirectUrl: null };
  const [stored] = await world.payments.commit(change(file.payment, { attempts: [opening] }));
  if (!stored) throw new Error("a stored attempt comes back");
  const reloaded = (await fileOf(world, payment)).payment;
  await world.payments.commit(change(reloaded, { attempts: [{ ...wanted, id: stored.id }] }));
  const after = await fileOf(world, payment);
  const attempt = after.attempts.find(({ no }) => no === wanted.no);
  if (!attempt) throw new Error("the attempt is gone");
  return { payment: after.payment, attempt };
}
