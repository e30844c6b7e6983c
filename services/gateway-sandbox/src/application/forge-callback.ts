import { type CallbackStatus, findAddress } from "../domain/callback.ts";
import { type Reader, readFlag, readPartsOf, readText } from "../domain/json-reader.ts";
import { forged } from "../domain/read-rule.ts";
import type { References } from "../domain/references.ts";
import type { ForgedPart } from "../domain/rule.ts";
import { isPaid, type PaymentTry, type Session } from "../domain/session.ts";
import type { CallbackEntry } from "./journal.ts";
import type { Clock } from "./ports.ts";
import type { PrepareCallback } from "./prepare-callback.ts";
import type { SendCallback } from "./send-callback.ts";
import { findSessionsByTranId, type PreparedCallback, type World } from "./world.ts";

export type ForgeRequest = Omit<ForgedPart, "afterMs"> &
  Partial<{
    readonly tranId: string;
    /** Sends the last callback of this channel once more, byte for byte; the other keys are ignored. */
    readonly resend: boolean;
  }>;

export const readForgeRequest: Reader<ForgeRequest> = readPartsOf<ForgeRequest>({
  tranId: readText,
  ...forged,
  resend: readFlag,
});

export type ForgeCallback = (request: ForgeRequest) => Promise<CallbackEntry | null>;

/** Sends a genuine or forged callback now. It tells a story; the money and the session stay as they are. */
export function createForgeCallback(ports: {
  readonly world: World;
  readonly clock: Clock;
  readonly references: References;
  readonly prepare: PrepareCallback;
  readonly callbacks: SendCallback;
}): ForgeCallback {
  const { world, clock, references, prepare, callbacks } = ports;

  /** The real try where there is one, else a paid try that never happened. */
  const chooseTry = ({ tries }: Session, status: CallbackStatus): PaymentTry | null => {
    if (status !== "VALID") return tries.findLast((told) => told.status === status) ?? null;
    const now = clock.now();
    const invented = {
      number: 0,
      status,
      channel: "VISA",
      at: now,
      risk: 0,
      error: "",
      validatedAt: null,
    } as const;
    const paid = tries.findLast(isPaid);
    return paid ?? { ...invented, valId: references.timed(now), bankTranId: references.timed(now) };
  };

  /** The newest other payment of the store; a forger takes whatever they got hold of. */
  const findOther = ({ order }: Session): Session | undefined =>
    [...world.sessions.values()].findLast(
      (other) => other.order.storeId === order.storeId && other.order.tranId !== order.tranId,
    );

  const choose = (request: ForgeRequest): PreparedCallback | undefined => {
    const { tranId = "", channel = "ipn", status = "VALID", resend = false } = request;
    if (resend) return world.lastCallbacks.get(`${channel} ${tranId}`);
    const session = findSessionsByTranId(world, tranId).at(-1);
    if (session === undefined || request.borrow !== true) {
      return session && prepare(session, channel, status, chooseTry(session, status), request);
    }
    const other = findOther(session);
    const told = other ?? session;
    const set = other === undefined ? { ...request.set, tran_id: "another-payment" } : (request.set ?? {});
    const borrowed = prepare(told, channel, status, chooseTry(told, status), { ...request, set });
    return { ...borrowed, tranId, sessionkey: session.key, url: findAddress(session, channel, status) };
  };

  return async (request) => {
    const callback = choose(request);
    return callback === undefined ? null : callbacks.send(callback);
  };
}
