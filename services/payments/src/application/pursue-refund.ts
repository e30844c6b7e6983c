import type { RefundOutcome } from "../domain/gateway.ts";
import { judgeRefund } from "../domain/refund-judgement.ts";
import type { RefundSchedule } from "../domain/refund-schedule.ts";
import { newestAttempt, releasedBy } from "./decide-refund.ts";
import { paymentChange } from "./payment-change.ts";
import type { PaymentGateways } from "./payment-gateway.ts";
import type { Clock, PaymentStore, Stopwatch } from "./ports.ts";
import type { RefundCall, RefundFile, RefundQueue, RefundStore, RefundTask } from "./refund-ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import type { Sweep } from "./sweep.ts";

export type PursueRefundPorts = {
  readonly payments: PaymentStore;
  readonly refunds: RefundStore;
  readonly gateways: PaymentGateways;
  readonly clock: Clock;
  readonly stopwatch: Stopwatch;
  readonly schedule: RefundSchedule;
};

/** Takes one step with a refund whose try was claimed: tells the gateway, or asks it, and applies what it says. */
export type PursueRefund = (task: RefundTask, signal: AbortSignal) => Promise<void>;

export function pursueRefund(ports: PursueRefundPorts): PursueRefund {
  return async (task, signal) => {
    const file = await load(ports.refunds, task.refundId);
    const askedAt = ports.clock.now();
    const startedMs = ports.stopwatch();
    const outcome = await ask(ports.gateways, file, task, signal);
    const tookMs = Math.round(ports.stopwatch() - startedMs);
    const operation = task.kind === "poll" ? "inquireRefund" : "refund";
    const { no: attemptNo } = newestAttempt(file);
    const call = { refundId: task.refundId, attemptNo, operation, askedAt, tookMs, outcome } as const;
    await retryOnConflict(() => apply(ports, call));
  };
}

async function load(refunds: RefundStore, id: number): Promise<RefundFile> {
  const file = await refunds.file(id);
  if (!file) throw new Error(`refund ${id} is gone`);
  return file;
}

async function ask(
  gateways: PaymentGateways,
  file: RefundFile,
  { kind }: RefundTask,
  signal: AbortSignal,
): Promise<RefundOutcome> {
  // Nobody knows whether the process that died had told the gateway, so it counts as told.
  if (kind === "lost") return { outcome: "unknown", cause: "connection", sent: true };
  const { refund, charge } = file;
  const { merchantRefundRef, gatewayRefundId } = newestAttempt(file);
  const gateway = gatewayOf(gateways, charge.account);
  if (!gateway) return { outcome: "unknown", cause: "connection", sent: false };
  if (kind === "poll") return gateway.inquireRefund({ merchantRefundRef, gatewayRefundId }, signal);
  const reason = refund.reason === "" ? `Refund ${refund.reference}` : refund.reason;
  const { gatewayTxnId } = charge;
  const order = {
    merchantRefundRef,
    gatewayTxnId,
    amount: refund.gatewayAmount,
    reason,
    refundId: refund.id,
  };
  return gateway.refund(order, signal);
}

/** Null when the account is not configured just now: then certainly nothing is sent. */
function gatewayOf(gateways: PaymentGateways, account: string) {
  try {
    return gateways.of(account, "sweep");
  } catch {
    return null;
  }
}

async function apply(
  { payments, refunds, clock, schedule }: PursueRefundPorts,
  call: RefundCall,
): Promise<void> {
  const file = await load(refunds, call.refundId);
  const now = clock.now();
  const judgement = judgeRefund({ ...file, attempt: newestAttempt(file) }, call.outcome, schedule, now);
  if (!judgement) return;
  const { payment, refund, attempts, steps, event } = judgement;
  const { attemptId } = file.charge;
  await payments.commit(
    paymentChange(file.payment, {
      payment,
      steps,
      refunds: [{ refund, isNew: false, attempts }],
      releasedMinor: releasedBy(refund),
      refundCall: call,
      events: event ? [{ kind: "refund", type: event, occurredAt: now, payment, refund, attemptId }] : [],
    }),
  );
}

const AT_ONCE = 4;

/** Works the list of refunds: those to be told, and those to be asked about. */
export function sweepRefunds({ queue, pursue }: { queue: RefundQueue; pursue: PursueRefund }): Sweep {
  return async (signal) => {
    const due = await queue.claimDue(AT_ONCE);
    const results = await Promise.allSettled(due.map((task) => pursue(task, signal)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    return due.length === AT_ONCE;
  };
}
