import { expireSession } from "../domain/session.ts";
import type { NotifyMerchant } from "./notify-merchant.ts";
import { putSession, type World } from "./world.ts";

/** Ends a session at the end of its lifetime, and tells the merchant when nothing else was ever told. */
export function createExpireSession(ports: {
  readonly world: World;
  readonly notifier: NotifyMerchant;
}): (sessionKey: string) => void {
  const { world, notifier } = ports;
  return (sessionKey) => {
    const session = world.sessions.get(sessionKey);
    if (session === undefined) return;
    const expired = expireSession(session);
    putSession(world, expired.session);
    if (expired.announced) {
      void notifier.notify(expired.session, "EXPIRED", null, notifier.take(expired.session));
    }
  };
}
