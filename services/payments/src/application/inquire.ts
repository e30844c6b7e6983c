import type { Attempt } from "../domain/attempt.ts";
import { eventsOf } from "../domain/events.ts";
import type { PaymentVerdict } from "../domain/gateway.ts";
import { type Judgement, type JudgeRules, judge } from "../domain/judge.ts";
import { loadFile } from "./get-checkout.ts";
import type { PaymentGateway, PaymentGateways } from "./payment-gateway.ts";
import type { Clock, Inquiry, InquiryRecord, PaymentStore } from "./ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type InquirePorts = {
  readonly payments: PaymentStore;
  readonly gateways: PaymentGateways;
  readonly clock: Clock;
  readonly rules: JudgeRules;
};

/** Asks the gateway about one leased attempt and applies what it says. The only way to a settled payment. */
export type Inquire = (inquiry: Inquiry, use: "customer" | "sweep", signal: AbortSignal) => Promise<void>;

export function inquire(ports: InquirePorts): Inquire {
  return async (inquiry, use, signal) => {
    const { attempts } = await loadFile(ports.payments, inquiry.paymentReference);
    const attempt = attemptOf(attempts, inquiry.attemptNo);
    const gateway = ports.gateways.of(attempt.account, use);
    const askedAt = ports.clock.now();
    const operation = inquiry.hint === null ? "inquire" : "confirm";
    const verdict = await ask(gateway, attempt, inquiry.hint, signal);
    await retryOnConflict(() => applyVerdict(ports, gateway, inquiry, { operation, askedAt, verdict }));
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
  { payments, clock, rules }: InquirePorts,
  gateway: PaymentGateway,
  inquiry: Inquiry,
  answer: Pick<InquiryRecord, "operation" | "askedAt" | "verdict">,
): Promise<void> {
  const { payment, attempts, knownCharges } = await loadFile(payments, inquiry.paymentReference);
  const attempt = attemptOf(attempts, inquiry.attemptNo);
  const now = clock.now();
  const matter = { payment, attempts, attempt, knownCharges, accountRef: gateway.accountRef };
  const judgement = judge(matter, answer.verdict, rules, now);
  const { steps, charges, finding } = judgement;
  await payments.commit({
    payment: judgement.payment,
    expectedRevision: payment.revision,
    steps,
    charges,
    attempts: [withoutStaleHint(judgement, inquiry)],
    events: eventsOf(judgement.payment, steps, now, { attemptId: attempt.id, charges }),
    inquiry: { ...answer, attemptId: attempt.id, finding, moved: steps.length + charges.length > 0 },
  });
}

/** A hint is worth one definite answer; one that came while we asked stays for the next inquiry. */
function withoutStaleHint({ attempt, finding }: Judgement, inquiry: Inquiry): Attempt {
  return finding !== null && attempt.hint === inquiry.hint ? { ...attempt, hint: null } : attempt;
}
