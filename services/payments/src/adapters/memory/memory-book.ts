import { DomainError, VersionConflict } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type {
  AnswerWrite,
  Clock,
  Creation,
  FoundCredential,
  IdempotencyKey,
} from "../../application/ports.ts";
import type { AuditEntry, RefundCall, RefundCreation } from "../../application/refund-ports.ts";
import type { Application, Credential } from "../../domain/application.ts";
import type { Attempt } from "../../domain/attempt.ts";
import type { CallbackOutcome } from "../../domain/callback.ts";
import type { RecordedCharge } from "../../domain/charge.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { CallbackChannel, Claim, PaymentVerdict } from "../../domain/gateway.ts";
import type { RecordedMismatch } from "../../domain/mismatch.ts";
import type { Payment, ReviewReason, Step } from "../../domain/payment.ts";
import type { IssuedNumber } from "../../domain/receipt.ts";
import type { Refund } from "../../domain/refund.ts";
import type { RefundAttempt } from "../../domain/refund-attempt.ts";

type StoredAttempt = {
  readonly paymentId: number;
  readonly attempt: Attempt;
  readonly leasedUntil: Instant | null;
};

type StoredCallback = {
  readonly paymentId: number | null;
  readonly attemptId: number | null;
  readonly identity: string;
  readonly channel: CallbackChannel;
  readonly reference: string | null;
  readonly claim: Claim;
  readonly claimDiffers: boolean;
  readonly note: string | null;
  readonly at: Instant;
  readonly outcome: CallbackOutcome;
};

type StoredInquiry = {
  readonly paymentId: number;
  readonly attemptId: number;
  readonly operation: "confirm" | "inquire";
  readonly askedAt: Instant;
  readonly tookMs: number;
  readonly answeredAt: Instant;
  readonly outcome: PaymentVerdict["outcome"];
  readonly cause: string | null;
};

type StoredAnswer = { readonly fingerprint: string; readonly creation: Creation };
type Registered = { readonly fingerprint: string; readonly applicationId: number };
export type StoredCredential = Credential &
  FoundCredential & {
    readonly createdAt: Instant;
    readonly endedAt: Instant | null;
    readonly revokedAt: Instant | null;
  };

type StoredReview = {
  readonly paymentId: number;
  readonly reason: ReviewReason;
  readonly raised: boolean;
  readonly actor: string;
  readonly note: string | null;
  readonly at: Instant;
};

type StoredRefund = {
  readonly refund: Refund;
  readonly attempts: readonly RefundAttempt[];
  readonly leasedUntil: Instant | null;
};

/** Everything the memory stores know; they share one, so that they see each other's writes. */
export type MemoryBook = {
  readonly clock: Clock;
  readonly applications: Map<number, Application>;
  readonly registrations: Map<string, Registered>;
  readonly credentials: Map<string, StoredCredential>;
  readonly payments: Map<number, Payment>;
  readonly history: Map<number, readonly (Step & { readonly at: Instant })[]>;
  readonly answers: Map<string, StoredAnswer>;
  readonly attempts: Map<number, StoredAttempt>;
  readonly charges: Map<string, RecordedCharge & { readonly paymentId: number }>;
  readonly refunds: Map<number, StoredRefund>;
  readonly refundAnswers: Map<string, { readonly fingerprint: string; readonly creation: RefundCreation }>;
  /** Of changes of payments, settings and credentials. */
  readonly changeAnswers: Map<string, { readonly fingerprint: string; readonly resource: object }>;
  readonly mismatches: Map<number, RecordedMismatch & { readonly paymentId: number }>;
  /** Since when payments are under review, and what was raised and taken off. */
  readonly underReview: Map<number, Instant>;
  readonly reviews: StoredReview[];
  readonly refundCalls: (RefundCall & { readonly answeredAt: Instant })[];
  readonly receipts: Map<number, IssuedNumber & { readonly series: string }>;
  readonly audit: (AuditEntry & { readonly applicationId: number })[];
  readonly callbacks: StoredCallback[];
  readonly inquiries: StoredInquiry[];
  readonly events: PaymentsEvent[];
  lastId: number;
};

export function memoryBook(clock: Clock): MemoryBook {
  return {
    clock,
    applications: new Map(),
    registrations: new Map(),
    credentials: new Map(),
    payments: new Map(),
    history: new Map(),
    answers: new Map(),
    attempts: new Map(),
    charges: new Map(),
    refunds: new Map(),
    refundAnswers: new Map(),
    changeAnswers: new Map(),
    mismatches: new Map(),
    underReview: new Map(),
    reviews: [],
    refundCalls: [],
    receipts: new Map(),
    audit: [],
    callbacks: [],
    inquiries: [],
    events: [],
    lastId: 0,
  };
}

export function nextId(book: MemoryBook): number {
  book.lastId += 1;
  return book.lastId;
}

/** A key as it is unique; settings belong to no mode. */
export const answerKey = (applicationId: number, mode: string, { route, key }: IdempotencyKey): string =>
  `${applicationId} ${mode} ${route} ${key}`;

/** What was answered to a key with a change; null for a new key. */
export function changeAnswer<T extends object>(
  book: MemoryBook,
  applicationId: number,
  mode: string,
  key: IdempotencyKey,
): T | null {
  const stored = book.changeAnswers.get(answerKey(applicationId, mode, key));
  if (!stored) return null;
  if (stored.fingerprint === keyOf(key.fingerprint)) return stored.resource as T;
  throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "This Idempotency-Key was used with another request.");
}

/** Raises VersionConflict when another request came first with the key. */
export function keepAnswer(
  book: MemoryBook,
  applicationId: number,
  mode: string,
  { key, resource }: Pick<AnswerWrite, "key" | "resource">,
): void {
  const name = answerKey(applicationId, mode, key);
  if (book.changeAnswers.has(name)) throw new VersionConflict("another request came first with this key");
  book.changeAnswers.set(name, { fingerprint: keyOf(key.fingerprint), resource });
}

/** Bytes as a key of a map. */
export const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export function attemptsOf(book: MemoryBook, paymentId: number): Attempt[] {
  return [...book.attempts.values()]
    .filter((stored) => stored.paymentId === paymentId)
    .map(({ attempt }) => attempt)
    .sort((a, b) => a.no - b.no);
}

export function mismatchesOf(book: MemoryBook, paymentId: number): RecordedMismatch[] {
  return [...book.mismatches.values()]
    .filter((stored) => stored.paymentId === paymentId)
    .map(({ paymentId: _, ...mismatch }) => mismatch)
    .sort((a, b) => a.id - b.id);
}

export function knownCharges(book: MemoryBook, paymentId: number): string[] {
  return [...book.charges.values()]
    .filter((charge) => charge.paymentId === paymentId)
    .map(({ gatewayRef }) => gatewayRef);
}
