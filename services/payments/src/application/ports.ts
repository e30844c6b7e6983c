import type { Instant } from "@oi/kernel/instant";
import type { Mode, Scope } from "@oi/kernel/scope";
import type { Application, Credential, LatePaymentPolicy, Settings } from "../domain/application.ts";
import type { Attempt } from "../domain/attempt.ts";
import type { CallbackRuling } from "../domain/callback.ts";
import type { RecordedCharge } from "../domain/charge.ts";
import type { CheckoutFile } from "../domain/checkout.ts";
import type { PaymentsEvent } from "../domain/events.ts";
import type { CallbackChannel, Claim, GatewayKind, PaymentVerdict } from "../domain/gateway.ts";
import type { Finding, WaitingClaims } from "../domain/judgement.ts";
import type { RecordedMismatch } from "../domain/mismatch.ts";
import type { OpenPayment, Payment, PaymentStatus, Step } from "../domain/payment.ts";
import type { AuditEntry, RefundCall, RefundWrite } from "./refund-ports.ts";

export interface Clock {
  now(): Instant;
}

/** Milliseconds that only ever rise, whatever becomes of the clocks: for durations. */
export type Stopwatch = () => number;

/** Names a repeatable request: the answer of the first one is the answer of all. */
export type IdempotencyKey = {
  readonly route: string;
  readonly key: string;
  /** SHA-256 of the request's known fields; a repeat with another one is a conflict. */
  readonly fingerprint: Uint8Array;
};

export type Creation = {
  readonly payment: Payment;
  readonly replayed: boolean;
  readonly answeredAt: Instant;
  readonly firstRequestId: string;
  readonly renderVersion: number;
};

/** What a repeat of this request is to be answered with; stored with the effect. */
export type AnswerWrite = {
  readonly key: IdempotencyKey;
  readonly resourceId: number;
  readonly resource: object;
};

/** Everything one commit writes about one payment, or none of it. */
export type PaymentChange = {
  readonly payment: Payment;
  /** The revision that was loaded. Raises VersionConflict when the payment has another one by now. */
  readonly expectedRevision: number;
  readonly steps: readonly Step[];
  readonly attempts: readonly Attempt[];
  readonly charges: readonly RecordedCharge[];
  /** New ones, and those whose state changed. */
  readonly mismatches: readonly RecordedMismatch[];
  readonly events: readonly PaymentsEvent[];
  readonly inquiry: InquiryRecord | null;
  readonly refunds: readonly RefundWrite[];
  /** What refunds that end without effect give back to what can be refunded. */
  readonly releasedMinor: bigint;
  readonly refundCall: RefundCall | null;
  readonly audit: AuditEntry | null;
  /** Raises VersionConflict when another request came first with its key, IDEMPOTENCY_IN_PROGRESS. */
  readonly answer: AnswerWrite | null;
};

/** What was asked and answered; decides the callbacks of that attempt that wait for an answer. */
export type InquiryRecord = {
  readonly attemptId: number;
  readonly operation: "confirm" | "inquire";
  readonly askedAt: Instant;
  /** From the question to the answer. */
  readonly tookMs: number;
  readonly verdict: PaymentVerdict;
  readonly finding: Finding;
  /** Whether payment or attempt changed their state because of the answer. */
  readonly moved: boolean;
  /** Signed claims of payment that this attempt's callbacks made are refuted for good. */
  readonly refuted: boolean;
};

/** A payment with what belongs to it. */
export type PaymentFile = {
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  /** Ids of the charges that are recorded, as the gateway names them. */
  readonly knownCharges: readonly string[];
  /** In the order in which they were told of. */
  readonly mismatches: readonly RecordedMismatch[];
  readonly applicationName: string;
  readonly latePaymentPolicy: LatePaymentPolicy;
  /** A return or notification arrived since the newest attempt was opened and nothing definite is known. */
  readonly awaitingConfirmation: boolean;
  /** What signed claims of payment that still wait say, for each attempt that has such. */
  readonly waitingClaims: readonly (WaitingClaims & { readonly attemptId: number })[];
};

export type PaymentFilter = {
  readonly customerReference: string | null;
  readonly reference: string | null;
  readonly status: PaymentStatus | null;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly sortBy: "createdAt" | "updatedAt" | "amountMinor";
  readonly ascending: boolean;
  readonly skip: number;
  readonly limit: number;
};

/** Payments and everything that changes with them. All methods may raise SERVICE_UNAVAILABLE. */
export interface PaymentStore {
  nextId(): Promise<number>;
  /** Charges have their ids before they are stored, because the refund of a late one names it. */
  nextChargeId(): Promise<number>;
  /**
   * Stores payment, history, event and idempotent answer in one round trip. Raises RESOURCE_NOT_FOUND
   * (application), VALIDATION_ERROR (the application's limits), IDEMPOTENCY_KEY_CONFLICT, IDEMPOTENCY_IN_PROGRESS.
   */
  create(
    payment: OpenPayment,
    event: PaymentsEvent,
    request: { readonly requestId: string; readonly idempotency: IdempotencyKey | null },
  ): Promise<Creation>;
  byId(id: number, scope: Scope): Promise<Payment | null>;
  byReference(reference: string, scope: Scope): Promise<Payment | null>;
  list(filter: PaymentFilter, scope: Scope): Promise<{ payments: readonly Payment[]; total: number }>;
  /** What a checkout page shows; the reference is the only key. */
  checkoutByReference(reference: string): Promise<CheckoutFile | null>;
  /** The way in for what is decided about a checkout: the reference is the only key. */
  fileByReference(reference: string): Promise<PaymentFile | null>;
  /**
   * The answer that was stored with the change a request made (`PaymentChange.answer`); null for a new key. Raises
   * IDEMPOTENCY_KEY_CONFLICT.
   */
  answered<T extends object>(scope: Scope, key: IdempotencyKey): Promise<T | null>;
  /** Forgets up to `limit` answers to idempotency keys that are older than that; returns how many. */
  purgeAnswers(olderThanMs: number, limit: number): Promise<number>;
  /** Raises VersionConflict. New attempts (id 0) come back with their ids, in order. */
  commit(change: PaymentChange): Promise<readonly Attempt[]>;
}

export type Inquiry = {
  readonly paymentReference: string;
  readonly attemptNo: number;
  readonly hint: string | null;
};

/** The list of attempts that the gateway is to be asked about. A claim is a lease on the database's clock. */
export interface InquiryQueue {
  /** Up to `limit` due attempts, each leased so that nobody else asks at the same time. */
  claimDue(limit: number): Promise<readonly Inquiry[]>;
  /** This attempt, if nobody else is asking about it. */
  claimOne(attemptId: number): Promise<Inquiry | null>;
  /** Whether somebody is asking about it right now. */
  isLeased(attemptId: number): Promise<boolean>;
  /** References of open payments whose time is over and that never had a session, so that no inquiry closes them. */
  overdue(limit: number): Promise<readonly string[]>;
}

/** A callback as it is kept. */
export type CallbackEvidence = {
  readonly gateway: GatewayKind;
  readonly channel: CallbackChannel;
  /** SHA-256 over channel, path, query and body: the same bytes are the same callback. */
  readonly digest: Uint8Array;
  readonly reference: string | null;
  readonly claim: Claim;
  /** Card numbers masked. */
  readonly rawPayload: string;
  readonly remoteAddress: string;
};

export type CallbackTarget = {
  readonly payment: Payment;
  readonly attempt: Attempt;
  /** Ids of the payment's charges that are recorded, as the gateway names them. */
  readonly knownCharges: readonly string[];
};

/** A callback that named nothing we knew, with what it says. */
export type UnmatchedCallback = {
  readonly id: number;
  readonly channel: CallbackChannel;
  readonly reference: string | null;
  readonly claim: Claim;
};

/** How long an unmatched callback waits for its attempt to show up. */
export const UNMATCHED_LIMIT_MS = 600_000;

export interface CallbackStore {
  /** Up to `limit` unmatched callbacks, younger than UNMATCHED_LIMIT_MS, whose attempt is there by now. */
  unmatched(limit: number): Promise<readonly UnmatchedCallback[]>;
  /** Gives an unmatched callback its target and ruling, and makes the inquiry due as `record` does. */
  rematch(callback: UnmatchedCallback, ruling: CallbackRuling, target: CallbackTarget): Promise<void>;
  /** The attempt that a merchant reference names, over every application: the callback knows no other key. */
  targetByMerchantRef(merchantRef: string): Promise<CallbackTarget | null>;
  /** The newest attempt of the payment that a return's path names. */
  targetByReference(reference: string): Promise<CallbackTarget | null>;
  /**
   * Stores the evidence and, when the ruling says ask, makes the attempt's inquiry due now with the claim's charge
   * id as hint, in one round trip. Because of an unsigned claim it is due no sooner than UNSIGNED_PACE_MS after the
   * payment's last inquiry. The payment's revision rises with it, so that a commit which has not seen the
   * hint loads again. Returns false for a copy of what is stored already.
   */
  record(evidence: CallbackEvidence, ruling: CallbackRuling, target: CallbackTarget | null): Promise<boolean>;
}

export type RegistrationRequest = {
  readonly key: string | null;
  readonly fingerprint: Uint8Array;
  /** Who registers, for the audit log. */
  readonly actor: string;
};

export type Registration = {
  readonly application: Application;
  readonly replayed: boolean;
  readonly credentialIds: readonly number[];
};

export type FoundCredential = {
  readonly id: number;
  readonly applicationId: number;
  readonly applicationName: string;
  readonly mode: Mode;
  readonly secretMac: Uint8Array;
  readonly pepperId: string;
};

/** One change of an application's settings, or none of it. */
export type SettingsChange = {
  readonly application: Application;
  /** Raises VersionConflict when the application has another one by now. */
  readonly expectedVersion: number;
  readonly event: PaymentsEvent;
  readonly actor: string;
  readonly answer: AnswerWrite | null;
};

export interface ApplicationStore {
  /** Raises IDEMPOTENCY_KEY_CONFLICT when the key registered something else. */
  register(
    settings: Settings,
    credentials: readonly Credential[],
    request: RegistrationRequest,
  ): Promise<Registration>;
  byId(id: number): Promise<Application | null>;
  /** Settings, event, audit row and answer in one commit. Raises VersionConflict, IDEMPOTENCY_IN_PROGRESS. */
  commit(change: SettingsChange): Promise<void>;
  /** The answer that was stored with a change; null for a new key. Raises IDEMPOTENCY_KEY_CONFLICT. */
  answered(applicationId: number, key: IdempotencyKey): Promise<Application | null>;
  /** Null for a key that is unknown, revoked or past its grace. */
  credentialByDigest(digest: Uint8Array): Promise<FoundCredential | null>;
}

/** Makes credentials and judges them. */
export interface CredentialVault {
  issue(mode: Mode): { readonly credential: Credential; readonly apiKey: string; readonly apiSecret: string };
  digestOf(apiKey: string): Uint8Array;
  /** Constant time, also for a credential that does not exist. */
  matches(found: FoundCredential | null, apiSecret: string): boolean;
}

export interface Ids {
  paymentReference(): string;
  refundReference(): string;
}

/** A number from -1 to 1. */
export type Chance = () => number;
