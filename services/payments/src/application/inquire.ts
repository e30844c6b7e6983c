import type { Instant } from "@oi/kernel/instant";
import type { Attempt } from "../domain/attempt.ts";
import type { Charge } from "../domain/charge.ts";
import { eventsOf } from "../domain/events.ts";
import type { PaymentVerdict } from "../domain/gateway.ts";
import { judge } from "../domain/judge.ts";
import type { Judgement, JudgeRules } from "../domain/judgement.ts";
import type { Mismatch } from "../domain/mismatch.ts";
import { lateMoney } from "./late-money.ts";
import { loadFile } from "./load-file.ts";
import { paymentChange } from "./payment-change.ts";
import type { PaymentGateway, PaymentGateways } from "./payment-gateway.ts";
import type { Chance, Clock, Ids, Inquiry, InquiryRecord, PaymentStore, Stopwatch } from "./ports.ts";
import type { RefundStore } from "./refund-ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type InquirePorts = {
  readonly payments: PaymentStore;
  readonly gateways: PaymentGateways;
  readonly clock: Clock;
  readonly stopwatch: Stopwatch;
  readonly rules: Omit<JudgeRules, "draw">;
  readonly chance: Chance;
  readonly refunds: RefundStore;
  readonly ids: Pick<Ids, "refundReference">;
};

/** Asks the gateway about one leased attempt and applies what it says. The only way to a settled payment. */
export type Inquire = (inquiry: Inquiry, use: "customer" | "sweep", signal: AbortSignal) => Promise<void>;

export function inquire(ports: InquirePorts): Inquire {
  return async (inquiry, use, signal) => {
    const { attempts } = await loadFile(ports.payments, inquiry.paymentReference);
    const attempt = attemptOf(attempts, inquiry.attemptNo);
    const gateway = ports.gateways.of(attempt.account, use);
    const askedAt = ports.clock.now();
    const startedMs = ports.stopwatch();
    const operation = inquiry.hint === null ? "inquire" : "confirm";
    const verdict = await ask(gateway, attempt, inquiry.hint, signal);
    const tookMs = Math.round(ports.stopwatch() - startedMs);
    const answer = { operation, askedAt, tookMs, verdict } as const;
    await retryOnConflict(() => applyVerdict(ports, gateway, inquiry, answer));
  };
}

function attemptOf(attempts: readonly Attempt[], no: number): Attempt {
  const attempt = attempts.find((candidate) => candidate.no === no);
  if (!attempt) throw new Error(`attempt ${no} is gone`);
  return attempt;
}

function ask(
  gateway: PaymentGateway,
  attempt: Attempt,
  hint: string | null,
  signal: AbortSignal,
): Promise<PaymentVerdict> {
  const { merchantRef, sessionKey } = attempt;
  const ref = { merchantRef, sessionKey };
  return hint === null ? gateway.inquire(ref, signal) : gateway.confirm(ref, hint, signal);
}

/** Loads, weighs and commits; after a conflict the same verdict is weighed against the newer payment. */
async function applyVerdict(
  ports: InquirePorts,
  gateway: PaymentGateway,
  inquiry: Inquiry,
  answer: Pick<InquiryRecord, "operation" | "askedAt" | "tookMs" | "verdict">,
): Promise<void> {
  const file = await loadFile(ports.payments, inquiry.paymentReference);
  const { payment, attempts, knownCharges, mismatches, latePaymentPolicy } = file;
  const attempt = attemptOf(attempts, inquiry.attemptNo);
  const now = ports.clock.now();
  const claims = file.waitingClaims.find(({ attemptId }) => attemptId === attempt.id) ?? null;
  const { accountRef } = gateway;
  const before = { knownCharges, mismatches, claims };
  const matter = { payment, attempts, attempt, accountRef, latePaymentPolicy, ...before };
  // An answer tells of the moment of the question: what was asked before the time was over expires nothing.
  const rules = { ...ports.rules, draw: ports.chance() };
  const judgement = judge(matter, answer.verdict, rules, answer.askedAt);
  const { steps, finding, refuted } = judgement;
  const charges = await withIds(ports.payments, judgement.charges, attempt.id);
  const told = await withIds(ports.payments, judgement.mismatches, attempt.id);
  const late = await lateMoney(ports, judgement.payment, charges, latePaymentPolicy, now);
  const moved = steps.length + charges.length > 0 || judgement.attempt.state !== attempt.state;
  const events = eventsOf(judgement.payment, steps, now, { attemptId: attempt.id, charges });
  await ports.payments.commit(
    paymentChange(payment, {
      payment: judgement.payment,
      steps,
      charges,
      mismatches: told.map((mismatch) => ({ ...mismatch, state: "OPEN" as const })),
      attempts: [withHint(judgement, inquiry, knownCharges, now)],
      events: [...events, ...late.events],
      refunds: late.refunds,
      inquiry: { ...answer, attemptId: attempt.id, finding, moved, refuted },
    }),
  );
}

async function withIds<T extends Charge | Mismatch>(
  payments: PaymentStore,
  money: readonly T[],
  attemptId: number,
): Promise<(T & { readonly id: number; readonly attemptId: number })[]> {
  return Promise.all(money.map(async (one) => ({ ...one, id: await payments.nextChargeId(), attemptId })));
}

/** A hint is worth one definite answer; one that came while we asked is asked about at once. */
function withHint(
  { attempt, finding, charges }: Judgement,
  inquiry: Inquiry,
  knownCharges: readonly string[],
  now: Instant,
): Attempt {
  const { hint } = attempt;
  if (hint === null) return attempt;
  const recorded = knownCharges.includes(hint) || charges.some(({ gatewayRef }) => gatewayRef === hint);
  if (recorded) return { ...attempt, hint: null };
  if (hint !== inquiry.hint) return { ...attempt, nextInquiryAt: now };
  return finding === null ? attempt : { ...attempt, hint: null };
}
