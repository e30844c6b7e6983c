import type { Channel } from "../domain/channel.ts";
import { type Outcome, planOutcome, type Step } from "../domain/outcome.ts";
import { playStep } from "../domain/play.ts";
import type { References } from "../domain/references.ts";
import type { Scheduler } from "./ports.ts";
import type { BringBack, Playing, TellMerchant, Wishes } from "./tell-merchant.ts";
import { putSession, type World } from "./world.ts";

export type CustomerAct = Wishes & {
  readonly sessionKey: string;
  readonly outcome: Outcome;
  readonly channel: Channel;
  readonly lateMs?: number | undefined;
};

export type PlayCustomer = (act: CustomerAct, bringBack: BringBack) => Playing;

const NOTHING: Playing = { notified: Promise.resolve(), returned: Promise.resolve() };

/** What the customer does on the hosted page, step by step, with both callbacks. */
export function createPlayCustomer(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly references: References;
  readonly tell: TellMerchant;
}): PlayCustomer {
  const { world, scheduler, references, tell } = ports;

  const takeStep = (step: Step, act: CustomerAct, bringBack: BringBack): Playing => {
    const before = world.sessions.get(act.sessionKey);
    if (before === undefined) return NOTHING;
    const now = scheduler.now();
    const drawn = { valId: references.timed(now), bankTranId: references.timed(now) };
    const { session, told } = playStep(before, step, act.channel, drawn, now);
    putSession(world, session);
    return tell(session, step, told, act, bringBack);
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
    const expiresAt = world.sessions.get(act.sessionKey)?.expiresAt ?? 0;
    const untilExpiryMs = Math.max(0, expiresAt - scheduler.now());
    const playings = planOutcome(act.outcome, act.lateMs, untilExpiryMs).map((step) =>
      (step.afterMs === 0 ? takeStep : takeStepLater)(step, act, bringBack),
    );
    return {
      notified: Promise.all(playings.map(({ notified }) => notified)),
      returned: Promise.all(playings.map(({ returned }) => returned)),
    };
  };
}
