import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type { Checkout } from "../domain/checkout.ts";
import type { NewPayment, PaymentQuery, PublicPayment, PublicReceipt } from "../domain/payment.ts";
import type { Allowance, BucketKind } from "../domain/rate-limit.ts";

/** What every call carries along, so that one request can be followed through all services. */
export type Trace = { readonly requestId: string };

/** A trace that also says from where, as far as limits are concerned. */
export type Origin = Trace & { readonly address: string };

/** Whose credential a request was made with. */
export type Caller = Scope & { readonly applicationName: string };

export type Credential = { readonly apiKey: string; readonly apiSecret: string };

export interface Credentials {
  /** Raises UNAUTHORIZED, RATE_LIMITED, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  authenticate(credential: Credential, origin: Origin): Promise<Caller>;
}

/** Counts requests per kind and key. Bounded, and never wrong in a way that opens or blocks: see `baseBucket`. */
export interface RateLimiter {
  take(kind: BucketKind, key: string): Allowance;
  giveBack(kind: BucketKind, key: string): void;
}

/** What a repeat of an idempotency key is answered with, beside the very same resource. */
export type FirstAnswer = {
  readonly replayed: boolean;
  readonly answeredAt: Instant;
  readonly firstRequestId: string;
};

/** A payment as it was first answered. */
export type CreatedPayment = FirstAnswer & { readonly payment: PublicPayment };

export interface Payments {
  /**
   * Raises VALIDATION_ERROR, IDEMPOTENCY_KEY_CONFLICT, IDEMPOTENCY_IN_PROGRESS, SERVICE_UNAVAILABLE,
   * DEADLINE_EXCEEDED. An empty key makes a payment every time.
   */
  create(scope: Scope, payment: NewPayment, idempotencyKey: string, trace: Trace): Promise<CreatedPayment>;
  /** Raises RESOURCE_NOT_FOUND, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  byId(scope: Scope, id: number, trace: Trace): Promise<PublicPayment>;
  /** Raises VALIDATION_ERROR, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  list(
    scope: Scope,
    query: PaymentQuery,
    trace: Trace,
  ): Promise<{ readonly payments: readonly PublicPayment[]; readonly totalElements: number }>;
  /**
   * Raises RESOURCE_NOT_FOUND (also when the application has receipts turned off), INVALID_OPERATION_STATE (not paid),
   * SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED.
   */
  receipt(scope: Scope, paymentId: number, trace: Trace): Promise<PublicReceipt>;
}

/** What arrived from the gateway or the customer's browser, byte for byte. Nothing in it is believed. */
export type GatewayCallback = {
  readonly channel: "return" | "notification";
  /** The reference in a return's path; empty for a notification. */
  readonly reference: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly query: string;
  readonly remoteAddress: string;
};

export interface Checkouts {
  /** A safe read. Raises RESOURCE_NOT_FOUND, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  byReference(reference: string, trace: Trace): Promise<Checkout>;
  /**
   * Opens the gateway's session, or finds the open one, and says where it is. Raises RESOURCE_NOT_FOUND,
   * INVALID_OPERATION_STATE, GATEWAY_UNAVAILABLE, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED.
   */
  open(reference: string, trace: Trace): Promise<string>;
  /** Raises RESOURCE_NOT_FOUND (a return whose path names no payment), SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  recordCallback(callback: GatewayCallback, trace: Trace): Promise<void>;
}

/** Tells whoever looks at a checkout when what its page shows is no longer what was seen. */
export interface CheckoutWatches {
  /**
   * Calls `tell` with each state that differs from the one before, beginning with what differs from `seen`, until it
   * is disposed. While payments cannot be asked nothing is told; nothing is raised.
   */
  watch(seen: Checkout, trace: Trace, tell: (checkout: Checkout) => void): Disposable;
}
