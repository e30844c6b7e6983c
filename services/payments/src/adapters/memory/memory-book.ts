import type { Instant } from "@oi/kernel/instant";
import type { Clock, Creation, FoundCredential } from "../../application/ports.ts";
import type { AuditEntry, RefundCall, RefundCreation } from "../../application/refund-ports.ts";
import type { Application, Credential } from "../../domain/application.ts";
import type { Attempt } from "../../domain/attempt.ts";
import type { CallbackOutcome } from "../../domain/callback.ts";
import type { RecordedCharge } from "../../domain/charge.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { CallbackChannel, Claim, PaymentVerdict } from "../../domain/gateway.ts";
import type { Payment, Step } from "../../domain/payment.ts";
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
  readonly at: Instant;
  readonly outcome: CallbackOutcome;
};

type StoredInquiry = {
  readonly paymentId: number;
  readonly attemptId: number;
  readonly operation: "confirm" | "inquire";
  readonly askedAt: Instant;
  readonly outcome: PaymentVerdict["outcome"];
};

type StoredAnswer = { readonly fingerprint: string; readonly creation: Creation };
type Registered = { readonly fingerprint: string; readonly applicationId: number };
export type StoredCredential = Credential &
  FoundCredential & {
    readonly createdAt: Instant;
    readonly endedAt: Instant | null;
    readonly revokedAt: Instant | null;
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
  readonly history: Map<number, readonly Step[]>;
  readonly answers: Map<string, StoredAnswer>;
  readonly attempts: Map<number, StoredAttempt>;
  readonly charges: Map<string, RecordedCharge & { readonly paymentId: number }>;
  readonly refunds: Map<number, StoredRefund>;
  readonly refundAnswers: Map<string, { readonly fingerprint: string; readonly creation: RefundCreation }>;
  readonly refundCalls: RefundCall[];
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

/** Bytes as a key of a map. */
export const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export function attemptsOf(book: MemoryBook, paymentId: number): Attempt[] {
  return [...book.attempts.values()]
    .filter((stored) => stored.paymentId === paymentId)
    .map(({ attempt }) => attempt)
    .sort((a, b) => a.no - b.no);
}

export function knownCharges(book: MemoryBook, paymentId: number): string[] {
  return [...book.charges.values()]
    .filter((charge) => charge.paymentId === paymentId)
    .map(({ gatewayRef }) => gatewayRef);
}
