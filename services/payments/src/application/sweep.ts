import { expireUnopened } from "../domain/closing.ts";
import { eventsOf } from "../domain/events.ts";
import type { Inquire } from "./inquire.ts";
import { loadFile } from "./load-file.ts";
import { paymentChange } from "./payment-change.ts";
import type { Clock, InquiryQueue, PaymentStore } from "./ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/** One round of work; true when there may be more at once. */
export type Sweep = (signal: AbortSignal) => Promise<boolean>;

const AT_ONCE = 8;

/** Asks about every attempt that is due: what callbacks asked for and what the schedule says. */
export function sweepInquiries({ queue, inquire }: { queue: InquiryQueue; inquire: Inquire }): Sweep {
  return async (signal) => {
    const due = await queue.claimDue(AT_ONCE);
    const results = await Promise.allSettled(due.map((inquiry) => inquire(inquiry, "sweep", signal)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    return due.length === AT_ONCE;
  };
}

const EXPIRE_AT_ONCE = 100;

/** Expires payments whose time is over and about which nobody needs to be asked. */
export function sweepExpired(ports: { payments: PaymentStore; queue: InquiryQueue; clock: Clock }): Sweep {
  return async () => {
    const references = await ports.queue.overdue(EXPIRE_AT_ONCE);
    for (const reference of references) await retryOnConflict(() => expireOne(ports, reference));
    return references.length === EXPIRE_AT_ONCE;
  };
}

async function expireOne(
  { payments, clock }: { payments: PaymentStore; clock: Clock },
  reference: string,
): Promise<void> {
  const { payment, attempts } = await loadFile(payments, reference);
  const now = clock.now();
  const expired = expireUnopened(payment, attempts, now);
  if (!expired) return;
  const events = eventsOf(expired.payment, expired.steps, now, { attemptId: null, charges: [] });
  await payments.commit(paymentChange(payment, { ...expired, events }));
}
