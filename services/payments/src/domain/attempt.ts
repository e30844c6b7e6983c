import { DomainError } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { AccountId, GatewayCapabilities, SessionOutcome } from "./gateway.ts";
import type { InquirySchedule } from "./inquiry-schedule.ts";
import { firstInquiryAt } from "./inquiry-schedule.ts";
import { checkoutClosed, isOpen, markPending, type Payment, type Step } from "./payment.ts";

/** UNKNOWN exists here, never on a payment: the session's answer was lost, so nobody has its URL. */
export type AttemptState =
  | "OPENING"
  | "OPEN"
  | "REJECTED"
  | "PAID"
  | "FAILED"
  | "CANCELLED"
  | "EXPIRED"
  | "UNKNOWN";

/** One gateway session of one payment. */
export type Attempt = {
  /** 0 until it is stored. */
  readonly id: number;
  readonly no: number;
  readonly account: AccountId;
  /** Invented and stored before the gateway is called, never used twice. */
  readonly merchantRef: string;
  readonly state: AttemptState;
  readonly sessionKey: string | null;
  readonly redirectUrl: string | null;
  readonly reason: string | null;
  /** A charge id that a callback named; the next inquiry confirms it. */
  readonly hint: string | null;
  /** The first of two agreeing answers that a failure needs. */
  readonly failedAt: Instant | null;
  /** A charge that the query calls paid and the validation does not, and when that was first heard. */
  readonly doubt: { readonly gatewayRef: string; readonly at: Instant } | null;
  readonly nextInquiryAt: Instant | null;
  readonly paidAt: Instant | null;
  readonly createdAt: Instant;
};

/** More tries than this are no customer's. */
const MAX_ATTEMPTS = 20;
/** A process that died between its two commits leaves OPENING behind; after this it counts as UNKNOWN. */
export const OPENING_LIMIT_MS = 60_000;

export type OpenDecision =
  | { readonly kind: "reuse"; readonly redirectUrl: string }
  | { readonly kind: "wait" }
  | { readonly kind: "open"; readonly attempt: Attempt; readonly abandoned: Attempt | null };

/** What a click on "pay" does. Raises INVALID_OPERATION_STATE when the payment cannot be paid at this gateway. */
export function decideOpening(
  payment: Payment,
  attempts: readonly Attempt[],
  account: AccountId,
  capabilities: GatewayCapabilities,
  now: Instant,
): OpenDecision {
  if (!isOpen(payment)) throw checkoutClosed(payment);
  if (now >= payment.expiresAt) {
    throw new DomainError("INVALID_OPERATION_STATE", "The time to pay is over; ask the shop for a new link.");
  }
  refuseWhatTheGatewayRefuses(payment, capabilities);
  const open = attempts.find((attempt) => attempt.state === "OPEN");
  if (open?.redirectUrl) return { kind: "reuse", redirectUrl: open.redirectUrl };
  const opening = attempts.find((attempt) => attempt.state === "OPENING");
  if (opening && now - opening.createdAt < OPENING_LIMIT_MS) return { kind: "wait" };
  if (attempts.length >= MAX_ATTEMPTS) {
    throw new DomainError(
      "INVALID_OPERATION_STATE",
      "This payment was tried too often; ask the shop for a new link.",
    );
  }
  return {
    kind: "open",
    attempt: newAttempt(payment, attempts.length + 1, account, now),
    abandoned: opening ? { ...opening, state: "UNKNOWN" } : null,
  };
}

function refuseWhatTheGatewayRefuses(payment: Payment, { currencies }: GatewayCapabilities): void {
  const { amountMinor, currency } = payment.amount;
  const limits = currencies[currency];
  const taken = limits && amountMinor >= limits.minMinor && amountMinor <= limits.maxMinor;
  if (taken) return;
  const what = limits ? "this amount" : `the currency ${currency}`;
  throw new DomainError("INVALID_OPERATION_STATE", `The payment gateway does not take ${what}.`);
}

function newAttempt(payment: Payment, no: number, account: AccountId, now: Instant): Attempt {
  return {
    id: 0,
    no,
    account,
    merchantRef: `${payment.reference}-${no}`,
    state: "OPENING",
    sessionKey: null,
    redirectUrl: null,
    reason: null,
    hint: null,
    failedAt: null,
    doubt: null,
    // Should this process die now, the sweep asks about the attempt.
    nextInquiryAt: now + OPENING_LIMIT_MS,
    paidAt: null,
    createdAt: now,
  };
}

/** What the gateway's answer to a new session means. Only an opened session moves the payment. */
export function sessionAnswered(
  payment: Payment,
  attempt: Attempt,
  outcome: SessionOutcome,
  schedule: InquirySchedule,
  now: Instant,
  draw = 0,
): { payment: Payment; attempt: Attempt; steps: Step[] } {
  if (attempt.state !== "OPENING") return { payment, attempt, steps: [] };
  if (outcome.outcome === "rejected" || (outcome.outcome === "unknown" && !outcome.sent)) {
    const reason = outcome.outcome === "rejected" ? outcome.reason : outcome.cause;
    return { payment, attempt: { ...attempt, state: "REJECTED", reason, nextInquiryAt: null }, steps: [] };
  }
  const nextInquiryAt = firstInquiryAt(schedule, now, payment.expiresAt, draw);
  if (outcome.outcome === "unknown") {
    return {
      payment,
      attempt: { ...attempt, state: "UNKNOWN", reason: outcome.cause, nextInquiryAt },
      steps: [],
    };
  }
  const { sessionKey, redirectUrl } = outcome;
  const opened: Attempt = { ...attempt, state: "OPEN", sessionKey, redirectUrl, nextInquiryAt };
  if (!isOpen(payment)) return { payment, attempt: opened, steps: [] };
  return { ...markPending(payment, now), attempt: opened };
}

/** A later verdict may still say paid: an open session, or one whose confirmation is in doubt. */
export function canStillBePaid(attempt: Attempt): boolean {
  return (
    attempt.state === "OPEN" ||
    attempt.state === "OPENING" ||
    (attempt.state === "UNKNOWN" && attempt.hint !== null)
  );
}

/** No money is known and none can be: what expiry requires of every attempt. */
export function isClosed(attempt: Attempt): boolean {
  return ["REJECTED", "FAILED", "CANCELLED", "EXPIRED"].includes(attempt.state);
}
