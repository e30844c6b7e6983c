import type { CallbackStatus } from "../domain/callback.ts";
import { takePart } from "../domain/rule-book.ts";
import type { PaymentTry, Session } from "../domain/session.ts";
import type { Scheduler } from "./ports.ts";
import type { PrepareCallback } from "./prepare-callback.ts";
import type { SendCallback } from "./send-callback.ts";
import { describeSubject, type World } from "./world.ts";

export type NotifyMerchant = (
  session: Session,
  status: CallbackStatus,
  told: PaymentTry | null,
  options: { readonly drop: boolean },
) => Promise<void>;

/** Sends the notification once, at once and without retries, unless a rule says otherwise. */
export function createNotifyMerchant(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly prepare: PrepareCallback;
  readonly callbacks: SendCallback;
}): NotifyMerchant {
  const { world, scheduler, prepare, callbacks } = ports;
  return async (session, status, told, { drop }) => {
    const part = takePart(world.rules, "ipn", (rule) => rule.ipn, describeSubject(session.order))?.part ?? {};
    const callback = prepare(session, "ipn", status, told, part);
    if (drop || part.drop === true) {
      callbacks.record(callback, "dropped");
      return;
    }
    await scheduler.schedule(part.delayMs ?? 0, async () => {
      for (let copy = 0; copy < (part.copies ?? 1); copy++) await callbacks.send(callback);
    });
  };
}
