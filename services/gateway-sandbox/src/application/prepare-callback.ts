import {
  type CallbackChannel,
  type CallbackStatus,
  describeCallback,
  dressCallback,
  findAddress,
  repeatFields,
} from "../domain/callback.ts";
import type { CallbackPart } from "../domain/rule.ts";
import type { PaymentTry, Session } from "../domain/session.ts";
import type { Digests } from "../domain/signature.ts";
import type { Clock, Stores } from "./ports.ts";
import type { PreparedCallback } from "./world.ts";

export type PrepareCallback = (
  session: Session,
  channel: CallbackChannel,
  status: CallbackStatus,
  told: PaymentTry | null,
  part: CallbackPart,
) => PreparedCallback;

/** Builds and signs a callback with the password of the session's store. */
export function createPrepareCallback(ports: {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly digests: Digests;
}): PrepareCallback {
  const { stores, clock, digests } = ports;
  return (session, channel, status, told, { sign = "good", setSigned = {}, set = {} }) => {
    const { storeId, tranId } = session.order;
    const own = stores.get(storeId) ?? "";
    const other = [...stores].find(([id]) => id !== storeId)?.[1] ?? `not ${own}`;
    const said = describeCallback(session, status, told, clock.now());
    const fields = dressCallback(said, { sign, setSigned, set, passwords: { own, other } }, digests);
    const url = findAddress(session, channel, status);
    const about = { channel, status, tranId, sessionkey: session.key };
    return { ...about, sign, url, fields, repeats: repeatFields(sign) };
  };
}
