import { takePart } from "../domain/rule-book.ts";
import type { ForgeCallback } from "./forge-callback.ts";
import type { Scheduler } from "./ports.ts";
import { describeSubject, type World } from "./world.ts";

/** Sends what a rule has forged, counted from the moment when the session's page is known to the world. */
export function createSendForgeries(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly forge: ForgeCallback;
}): (sessionKey: string) => void {
  const { world, scheduler, forge } = ports;
  return (sessionKey) => {
    const session = world.sessions.get(sessionKey);
    if (session === undefined) return;
    const subject = describeSubject(session.order);
    const taken = takePart(world.rules, "forged", (rule) => rule.forged, subject, scheduler.now());
    for (const { afterMs = 0, ...request } of taken?.part ?? []) {
      void scheduler.schedule(afterMs, async () => {
        await forge({ ...request, tranId: session.order.tranId });
      });
    }
  };
}
