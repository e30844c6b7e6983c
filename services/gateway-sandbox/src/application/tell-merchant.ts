import type { Step } from "../domain/outcome.ts";
import type { CallbackPart, IpnPart } from "../domain/rule.ts";
import { takePart } from "../domain/rule-book.ts";
import type { PaymentTry, Session } from "../domain/session.ts";
import type { NotifyMerchant } from "./notify-merchant.ts";
import type { Scheduler } from "./ports.ts";
import type { PrepareCallback } from "./prepare-callback.ts";
import type { SendCallback } from "./send-callback.ts";
import { describeSubject, type PreparedCallback, type World } from "./world.ts";

/** Carries the browser's return to the merchant. */
export type BringBack = (callback: PreparedCallback) => void | Promise<void>;

/** What the customer asked for on the page; stronger than any rule. */
export type Wishes = { readonly ipn: IpnPart; readonly return: CallbackPart };

/** Two promises, since a person waits for the page only, and not for the merchant's answer to the notification. */
export type Playing = { readonly notified: Promise<unknown>; readonly returned: Promise<unknown> };

export type TellMerchant = (
  session: Session,
  step: Step,
  told: PaymentTry | null,
  wishes: Wishes,
  bringBack: BringBack,
) => Playing;

/** A real browser posts only after the page was handed to it; a notification "after the return" gives it this time. */
const BROWSER_MS = 500;

export type TellMerchantPorts = {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly prepare: PrepareCallback;
  readonly callbacks: SendCallback;
  readonly notifier: NotifyMerchant;
  readonly returnDelayMs: number;
};

/** Tells one step by both channels, in the order that the rules say. */
export function createTellMerchant(ports: TellMerchantPorts): TellMerchant {
  const { world, scheduler, prepare, callbacks, notifier, returnDelayMs } = ports;

  const takeReturn = (session: Session): CallbackPart => {
    const subject = describeSubject(session.order);
    return takePart(world.rules, "return", (rule) => rule.return, subject, scheduler.now())?.part ?? {};
  };

  /** Whether the return is over, lost or not; false when the schedule was cleared before. */
  const goBack = async (callback: PreparedCallback, part: CallbackPart, bringBack: BringBack) => {
    if (part.drop === true) {
      callbacks.record(callback, "dropped");
      return true;
    }
    let isOver = false;
    await scheduler.schedule(returnDelayMs + (part.delayMs ?? 0), async () => {
      world.returns.set(callback.sessionkey, callback);
      for (let copy = 0; copy < (part.copies ?? 1); copy++) await bringBack(callback);
      isOver = true;
    });
    return isOver;
  };

  return (session, { status, notifies, returns }, told, wishes, bringBack) => {
    const ipn = notifies ? { ...notifier.take(session), ...wishes.ipn } : null;
    const back = returns ? { ...takeReturn(session), ...wishes.return } : null;
    const notify = async (afterMs = 0): Promise<void> => {
      if (ipn !== null) await notifier.notify(session, status, told, ipn, afterMs);
    };
    const comeBack = async (): Promise<boolean> =>
      back === null || goBack(prepare(session, "return", status, told, back), back, bringBack);
    if (ipn?.order === "after_return") {
      const returned = comeBack();
      return { returned, notified: returned.then((isOver) => (isOver ? notify(BROWSER_MS) : undefined)) };
    }
    const notified = notify();
    const isFirst = ipn?.order === "before_session_answer";
    return { notified, returned: isFirst ? notified.then(comeBack) : comeBack() };
  };
}
