import type { CallbackStatus } from "../domain/callback.ts";
import type { IpnPart } from "../domain/rule.ts";
import { takePart } from "../domain/rule-book.ts";
import type { PaymentTry, Session } from "../domain/session.ts";
import type { CallbackEntry } from "./journal.ts";
import type { Scheduler } from "./ports.ts";
import type { PrepareCallback } from "./prepare-callback.ts";
import type { SendCallback } from "./send-callback.ts";
import { describeSubject, type World } from "./world.ts";

export type NotifyMerchant = {
  /** What the rules say of the next notification of this session; counted. */
  take(session: Session): IpnPart;
  /** Resolves once the notification and its copies and retries were sent and answered. */
  notify(
    session: Session,
    status: CallbackStatus,
    told: PaymentTry | null,
    part: IpnPart,
    afterMs?: number,
  ): Promise<void>;
};

/** Nothing is documented about retries; this is what a minute-wise worker would do. */
const RETRY_MS = 60_000;

const isTaken = ({ httpStatus }: CallbackEntry): boolean =>
  httpStatus !== null && httpStatus >= 200 && httpStatus < 300;

/** Sends the notification once, at once and without retries, unless a rule says otherwise. */
export function createNotifyMerchant(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly prepare: PrepareCallback;
  readonly callbacks: SendCallback;
}): NotifyMerchant {
  const { world, scheduler, prepare, callbacks } = ports;
  return {
    take: (session) => {
      const subject = describeSubject(session.order);
      return takePart(world.rules, "ipn", (rule) => rule.ipn, subject, scheduler.now())?.part ?? {};
    },
    notify: async (session, status, told, part, afterMs = 0) => {
      const callback = prepare(session, "ipn", status, told, part);
      if (part.drop === true) {
        callbacks.record(callback, "dropped");
        return;
      }
      // Stays null when the schedule is cleared: then nothing may follow.
      let answers: readonly CallbackEntry[] | null = null;
      const send = (copies: number) => async (): Promise<void> => {
        const sent: CallbackEntry[] = [];
        const one = async (): Promise<unknown> => sent.push(await callbacks.send(callback));
        if (part.parallel === true) await Promise.all(Array.from({ length: copies }, one));
        else for (let copy = 0; copy < copies; copy++) await one();
        answers = sent;
      };
      const isOver = (): boolean => answers?.some(isTaken) ?? true;
      await scheduler.schedule(afterMs + (part.delayMs ?? 0), send(part.copies ?? 1));
      for (let retry = 0; retry < (part.retries ?? 0) && !isOver(); retry++) {
        answers = null;
        await scheduler.schedule(part.retryAfterMs ?? RETRY_MS, send(1));
      }
    },
  };
}
