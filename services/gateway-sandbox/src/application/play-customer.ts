import type { Channel } from "../domain/channel.ts";
import { type Outcome, planOutcome, type Step } from "../domain/outcome.ts";
import { playStep } from "../domain/play.ts";
import type { References } from "../domain/references.ts";
import { takePart } from "../domain/rule-book.ts";
import type { PaymentTry, Session } from "../domain/session.ts";
import type { NotifyMerchant } from "./notify-merchant.ts";
import type { Scheduler } from "./ports.ts";
import type { PrepareCallback } from "./prepare-callback.ts";
import type { SendCallback } from "./send-callback.ts";
import { describeSubject, type PreparedCallback, putSession, type World } from "./world.ts";

export type CustomerAct = {
  readonly sessionKey: string;
  readonly outcome: Outcome;
  readonly channel: Channel;
  readonly dropIpn: boolean;
  readonly dropReturn: boolean;
};

/** Carries the browser's return to the merchant. */
export type BringBack = (callback: PreparedCallback) => void | Promise<void>;

/** Two promises, since a person waits for the page only, and not for the merchant's answer to the notification. */
export type Playing = { readonly notified: Promise<unknown>; readonly returned: Promise<unknown> };

export type PlayCustomer = (act: CustomerAct, bringBack: BringBack) => Playing;

export type PlayCustomerPorts = {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly references: References;
  readonly prepare: PrepareCallback;
  readonly callbacks: SendCallback;
  readonly notify: NotifyMerchant;
  readonly returnDelayMs: number;
};

/** What the customer does on the hosted page, step by step, with both callbacks. */
export function createPlayCustomer(ports: PlayCustomerPorts): PlayCustomer {
  const { world, scheduler, references, prepare, callbacks, notify, returnDelayMs } = ports;

  const goBack = async (
    session: Session,
    { status }: Step,
    told: PaymentTry | null,
    act: CustomerAct,
    bringBack: BringBack,
  ): Promise<void> => {
    const subject = describeSubject(session.order);
    const part = takePart(world.rules, "return", (rule) => rule.return, subject)?.part ?? {};
    const callback = prepare(session, "return", status, told, part);
    if (act.dropReturn || part.drop === true) {
      callbacks.record(callback, "dropped");
      return;
    }
    await scheduler.schedule(returnDelayMs + (part.delayMs ?? 0), () => bringBack(callback));
  };

  const takeStep = (step: Step, act: CustomerAct, bringBack: BringBack): Playing => {
    const before = world.sessions.get(act.sessionKey);
    if (before === undefined) return { notified: Promise.resolve(), returned: Promise.resolve() };
    const now = scheduler.now();
    const drawn = { valId: references.timed(now), bankTranId: references.timed(now) };
    const { session, told } = playStep(before, step, act.channel, drawn, now);
    putSession(world, session);
    const drop = act.dropIpn;
    return {
      notified: step.notifies ? notify(session, step.status, told, { drop }) : Promise.resolve(),
      returned: step.returns ? goBack(session, step, told, act, bringBack) : Promise.resolve(),
    };
  };

  const takeStepLater = (step: Step, act: CustomerAct, bringBack: BringBack): Playing => {
    let playing: Playing | undefined;
    const taken = scheduler.schedule(step.afterMs, () => {
      playing = takeStep(step, act, bringBack);
    });
    return {
      notified: taken.then(() => playing?.notified),
      returned: step.returns ? taken.then(() => playing?.returned) : Promise.resolve(),
    };
  };

  return (act, bringBack) => {
    const playings = planOutcome(act.outcome).map((step) =>
      (step.afterMs === 0 ? takeStep : takeStepLater)(step, act, bringBack),
    );
    return {
      notified: Promise.all(playings.map(({ notified }) => notified)),
      returned: Promise.all(playings.map(({ returned }) => returned)),
    };
  };
}
