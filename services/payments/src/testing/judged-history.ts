import type { Instant } from "@oi/kernel/instant";
import type { Attempt } from "../domain/attempt.ts";
import type { Charge } from "../domain/charge.ts";
import { expireUnopened } from "../domain/closing.ts";
import { eventsOf, type PaymentsEvent } from "../domain/events.ts";
import type { PaymentVerdict } from "../domain/gateway.ts";
import { judge } from "../domain/judge.ts";
import type { Judgement } from "../domain/judgement.ts";
import type { RecordedMismatch } from "../domain/mismatch.ts";
import type { OpenPayment, Payment, PaymentStatus, Step } from "../domain/payment.ts";
import { sampleRules } from "./samples.ts";

/** One answer of the gateway about one attempt, so many milliseconds after the one before. */
export type Answer = {
  readonly attemptNo: number;
  readonly afterMs: number;
  readonly verdict: PaymentVerdict;
};

/** Everything that became of a payment, as the stores would keep it. */
export type JudgedHistory = {
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  readonly steps: readonly Step[];
  readonly statuses: readonly PaymentStatus[];
  readonly charges: readonly Charge[];
  readonly mismatches: readonly RecordedMismatch[];
  readonly events: readonly PaymentsEvent[];
  readonly judgements: readonly Judgement[];
  readonly now: Instant;
};

export function startOf(payment: OpenPayment, attempts: readonly Attempt[]): JudgedHistory {
  return {
    payment,
    attempts,
    steps: [],
    statuses: [payment.status],
    charges: [],
    mismatches: [],
    events: [],
    judgements: [],
    now: payment.createdAt,
  };
}

/** Judges the answers one after the other, and lets time close what it may close in between. */
export function playAnswers(start: JudgedHistory, answers: readonly Answer[]): JudgedHistory {
  let history = start;
  for (const answer of answers) history = letTimePass(judged(history, answer));
  return history;
}

function judged(history: JudgedHistory, answer: Answer): JudgedHistory {
  const { payment, attempts } = history;
  const attempt = attempts.find(({ no }) => no === answer.attemptNo);
  if (!attempt) return history;
  const now = history.now + answer.afterMs;
  const knownCharges = history.charges.map(({ gatewayRef }) => gatewayRef);
  const accountRef = "memory-store";
  const latePaymentPolicy = "HOLD" as const;
  const before = { knownCharges, mismatches: history.mismatches, claims: null };
  const matter = { payment, attempts, attempt, accountRef, latePaymentPolicy, ...before };
  const judgement = judge(matter, answer.verdict, sampleRules, now);
  const { steps } = judgement;
  const charges = judgement.charges.map((charge, i) => ({ ...charge, id: i + 1, attemptId: attempt.no }));
  const told = judgement.mismatches.map(
    (one, i): RecordedMismatch => ({ ...one, id: i + 1, attemptId: attempt.no, state: "OPEN" }),
  );
  const events = eventsOf(judgement.payment, steps, now, { attemptId: attempt.no, charges });
  const after: JudgedHistory = {
    ...history,
    now,
    payment: judgement.payment,
    attempts: attempts.map((one) => (one.no === attempt.no ? judgement.attempt : one)),
    judgements: [...history.judgements, judgement],
    charges: [...history.charges, ...charges],
    mismatches: [...history.mismatches, ...told],
    events: [...history.events, ...events],
  };
  return withSteps(after, steps);
}

function withSteps(history: JudgedHistory, steps: readonly Step[]): JudgedHistory {
  return {
    ...history,
    steps: [...history.steps, ...steps],
    statuses: [...history.statuses, history.payment.status],
  };
}

function letTimePass(history: JudgedHistory): JudgedHistory {
  const expired = expireUnopened(history.payment, history.attempts, history.now);
  if (!expired) return history;
  const events = eventsOf(expired.payment, expired.steps, history.now, { attemptId: null, charges: [] });
  const after = { ...history, payment: expired.payment, events: [...history.events, ...events] };
  return withSteps(after, expired.steps);
}
