import type { Instant } from "@oi/kernel/instant";
import type { LatePaymentPolicy } from "./application.ts";
import type { Attempt } from "./attempt.ts";
import type { Charge } from "./charge.ts";
import type { InquirySchedule } from "./inquiry-schedule.ts";
import type { Mismatch, RecordedMismatch } from "./mismatch.ts";
import type { Payment, Step } from "./payment.ts";

/** Everything that a verdict is weighed against. */
export type Case = {
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  /** The attempt that was asked about. */
  readonly attempt: Attempt;
  /** Charges of this payment that are recorded already, by the gateway's id. */
  readonly knownCharges: readonly string[];
  /** Money that was told of before and differs, with what became of it. */
  readonly mismatches: readonly RecordedMismatch[];
  /** The account's name at the gateway (the store id). */
  readonly accountRef: string;
  /** Null when no signed claim of payment about this attempt waits for an answer. */
  readonly claims: WaitingClaims | null;
  readonly latePaymentPolicy: LatePaymentPolicy;
};

/** Signed claims of payment about one attempt that the gateway's answer has not decided yet. */
export type WaitingClaims = {
  /** One of them has other figures than the payment. */
  readonly differ: boolean;
  /** When the gateway first denied what they say. */
  readonly deniedAt: Instant | null;
};

export type JudgeRules = {
  readonly schedule: InquirySchedule;
  /** How long after the first "failed" the second, agreeing answer is asked for. */
  readonly recheckMs: number;
  /** How long after the expiry an open session may still be one whose customer is typing. */
  readonly openGraceMs: number;
  /** How far apart two equal answers must lie when validation and query disagree. */
  readonly doubtMs: number;
  /** Chance for the schedule's jitter, from -1 to 1; drawn anew for every judgement. */
  readonly draw: number;
};

/** The definite part of a verdict; null when it says nothing definite. A mismatch is money that is not this payment's. */
export type Finding = "paid" | "mismatch" | "failed" | "cancelled" | "expired" | null;

/** What a verdict changes. Nothing else ever moves a payment's money state. */
export type Judgement = {
  readonly payment: Payment;
  readonly attempt: Attempt;
  readonly steps: readonly Step[];
  readonly charges: readonly Charge[];
  /** Money that differs and was not told of before. */
  readonly mismatches: readonly Mismatch[];
  readonly finding: Finding;
  /** Waiting signed claims of payment are refuted. */
  readonly refuted: boolean;
};
