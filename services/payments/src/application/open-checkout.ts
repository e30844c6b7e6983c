import { DomainError } from "@oi/kernel/errors";
import { type Attempt, decideOpening, sessionAnswered } from "../domain/attempt.ts";
import { eventsOf } from "../domain/events.ts";
import type { SessionOutcome } from "../domain/gateway.ts";
import type { InquirySchedule } from "../domain/inquiry-schedule.ts";
import { checkoutClosed, isOpen, type Payment } from "../domain/payment.ts";
import { loadFile } from "./load-file.ts";
import { paymentChange } from "./payment-change.ts";
import type { PaymentGateways } from "./payment-gateway.ts";
import type { Chance, Clock, PaymentFile, PaymentStore } from "./ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import type { OrderUrls } from "./session-order.ts";
import { sessionOrder } from "./session-order.ts";

export type OpenCheckout = (
  reference: string,
  signal: AbortSignal,
) => Promise<{ readonly redirectUrl: string }>;

export type OpenCheckoutPorts = {
  readonly payments: PaymentStore;
  readonly gateways: PaymentGateways;
  readonly clock: Clock;
  readonly urls: OrderUrls;
  readonly schedule: InquirySchedule;
  readonly chance: Chance;
  readonly pause: (ms: number) => Promise<void>;
};

const WAIT_STEP_MS = 100;
const WAIT_LIMIT_MS = 5_000;

/**
 * Opens the gateway session, or finds the open one. The attempt is committed before the call and its answer after
 * it; nothing remote stands between a load and its commit.
 */
export function openCheckout(ports: OpenCheckoutPorts): OpenCheckout {
  return async (reference, signal) => {
    for (let waitedMs = 0; waitedMs <= WAIT_LIMIT_MS; waitedMs += WAIT_STEP_MS) {
      const step = await retryOnConflict(() => reserveAttempt(ports, reference));
      if (step.kind === "reuse") return { redirectUrl: step.redirectUrl };
      if (step.kind === "opened") return callGateway(ports, step.file, step.attempt, signal);
      await ports.pause(WAIT_STEP_MS);
    }
    throw gatewayUnavailable();
  };
}

type Reservation =
  | { readonly kind: "reuse"; readonly redirectUrl: string }
  | { readonly kind: "wait" }
  | { readonly kind: "opened"; readonly file: PaymentFile; readonly attempt: Attempt };

async function reserveAttempt(
  { payments, gateways, clock }: OpenCheckoutPorts,
  reference: string,
): Promise<Reservation> {
  const file = await loadFile(payments, reference);
  const { payment, attempts } = file;
  const account = gateways.choose(payment.scope.applicationId, payment.scope.mode);
  const decision = decideOpening(payment, attempts, account, gateways.of(account).capabilities, clock.now());
  if (decision.kind !== "open") return decision;
  const changed = decision.abandoned ? [decision.abandoned, decision.attempt] : [decision.attempt];
  const stored = await payments.commit(paymentChange(payment, { attempts: changed }));
  const attempt = stored.at(-1);
  if (!attempt) throw new Error("a stored attempt comes back");
  return { kind: "opened", file, attempt };
}

async function callGateway(
  ports: OpenCheckoutPorts,
  file: PaymentFile,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<{ redirectUrl: string }> {
  const gateway = ports.gateways.of(attempt.account);
  const outcome = await gateway.openSession(sessionOrder(file, attempt, ports.urls), signal);
  const { reference } = file.payment;
  const stored = await retryOnConflict(() => storeAnswer(ports, reference, attempt.no, outcome));
  if (!isOpen(stored.payment)) throw checkoutClosed(stored.payment);
  const { state, redirectUrl } = stored.attempt;
  // Given up meanwhile: its URL is given to nobody, for the next click may open another session.
  if (state === "OPEN" && redirectUrl !== null) return { redirectUrl };
  throw gatewayUnavailable(outcome.outcome === "unknown" ? outcome.cause : "rejected");
}

async function storeAnswer(
  { payments, clock, schedule, chance }: OpenCheckoutPorts,
  reference: string,
  attemptNo: number,
  outcome: SessionOutcome,
): Promise<{ readonly payment: Payment; readonly attempt: Attempt }> {
  const file = await loadFile(payments, reference);
  const attempt = file.attempts.find(({ no }) => no === attemptNo);
  if (!attempt) throw new Error(`attempt ${attemptNo} of ${reference} was stored before the call`);
  const now = clock.now();
  const answered = sessionAnswered(file.payment, attempt, outcome, schedule, now, chance());
  const events = eventsOf(answered.payment, answered.steps, now, { attemptId: attempt.id, charges: [] });
  const { payment, steps } = answered;
  await payments.commit(
    paymentChange(file.payment, { payment, steps, attempts: [answered.attempt], events }),
  );
  return answered;
}

function gatewayUnavailable(cause = "busy"): DomainError {
  return new DomainError("GATEWAY_UNAVAILABLE", "The payment gateway cannot be reached just now.", {
    retryAfterSeconds: 5,
    metadata: { cause },
  });
}
