import type { GatewayKind, RawCallback } from "../domain/gateway.ts";
import type { PaymentStatus } from "../domain/payment.ts";
import type { Inquire } from "./inquire.ts";
import type { CallbackStore, InquiryQueue } from "./ports.ts";
import type { RecordCallback } from "./record-callback.ts";

export type TakeCallback = (
  gateway: GatewayKind,
  callback: RawCallback,
  reference: string | null,
) => Promise<PaymentStatus | null>;

export type TakeCallbackPorts = {
  readonly recordCallback: RecordCallback;
  readonly inquire: Inquire;
  readonly queue: InquiryQueue;
  readonly callbacks: CallbackStore;
  /** Makes the inquiry worker look at its list now. */
  readonly wakeInquiries: () => void;
  readonly pause: (ms: number) => Promise<void>;
  /** Resolves after so long; a customer's browser waits no longer for the gateway. */
  readonly patience: (ms: number) => AbortSignal;
};

const RETURN_PATIENCE_MS = 3_000;
const WAIT_STEP_MS = 50;

/**
 * Stores a callback, then has the gateway asked. A notification is answered as soon as the evidence is safe; a
 * customer's return waits a moment for the answer, so that the page after it can tell how it went.
 */
export function takeCallback(ports: TakeCallbackPorts): TakeCallback {
  return async (gateway, callback, reference) => {
    const receipt = await ports.recordCallback(gateway, callback, reference);
    if (reference === null) {
      if (receipt.askAbout !== null) ports.wakeInquiries();
      return receipt.status;
    }
    if (receipt.askAbout !== null) await askNow(ports, receipt.askAbout);
    const target = await ports.callbacks.targetByReference(reference);
    return target?.payment.status ?? receipt.status;
  };
}

/** Asks at once, or waits while somebody else is asking; what is not known in time stays due for the worker. */
async function askNow(ports: TakeCallbackPorts, attemptId: number): Promise<void> {
  const patience = ports.patience(RETURN_PATIENCE_MS);
  while (!patience.aborted) {
    const inquiry = await ports.queue.claimOne(attemptId);
    // The question goes on when the patience ends; only the waiting stops.
    if (inquiry) return Promise.race([ports.inquire(inquiry, "customer", NEVER), ended(patience)]);
    if (!(await ports.queue.isLeased(attemptId))) return;
    await ports.pause(WAIT_STEP_MS);
  }
}

const NEVER = new AbortController().signal;

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
