import { CHANNELS, type Channel } from "../domain/channel.ts";
import { type Reader, readCount, readFlag, readOneOf, readPartsOf } from "../domain/json-reader.ts";
import { OUTCOMES, type Outcome } from "../domain/outcome.ts";
import { describeStatus } from "../domain/session.ts";
import type { JournalEntry } from "./journal.ts";
import type { PlayCustomer } from "./play-customer.ts";
import type { Scheduler } from "./ports.ts";
import type { SendCallback } from "./send-callback.ts";
import type { World } from "./world.ts";

export type ActRequest = Partial<{
  readonly outcome: Outcome;
  readonly channel: Channel;
  /** How long the customer thinks before acting. */
  readonly afterMs: number;
  /** So long after the end of the outcome, money comes all the same. */
  readonly lateMs: number;
  readonly dropIpn: boolean;
  readonly dropReturn: boolean;
  /** Allows money on a session that has ended: late or double payment. */
  readonly late: boolean;
  /** The longest wait, in real time, for the callbacks to be answered. */
  readonly waitMs: number;
}>;

export const readActRequest: Reader<ActRequest> = readPartsOf<ActRequest>({
  outcome: readOneOf(OUTCOMES),
  channel: readOneOf(CHANNELS),
  afterMs: readCount,
  lateMs: readCount,
  dropIpn: readFlag,
  dropReturn: readFlag,
  late: readFlag,
  waitMs: readCount,
});

export type ActResult =
  | { readonly refusal: "unknown" | "ended" }
  | {
      readonly sessionkey: string;
      readonly tranId: string;
      readonly status: string;
      /** Whether every callback of this act was sent and answered in time. */
      readonly finished: boolean;
      readonly callbacks: readonly JournalEntry[];
    };

/** Waits for both callbacks, or for the notification alone: then the browser comes back by itself. */
export type ActUntil = "answered" | "notified";

export type ActAsCustomer = (sessionKey: string, request: ActRequest, until?: ActUntil) => Promise<ActResult>;

const DEFAULT_WAIT_MS = 5_000;
const MAX_WAIT_MS = 30_000;

/** Plays a customer without a browser: the return is posted from here, and its redirect is not followed. */
export function createActAsCustomer(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly play: PlayCustomer;
  readonly callbacks: SendCallback;
  /** Resolves after so much real time, whatever the simulator's clock says. */
  readonly waitFor: (ms: number) => Promise<void>;
}): ActAsCustomer {
  const { world, scheduler, play, callbacks, waitFor } = ports;

  const begin = async (sessionKey: string, request: ActRequest, until: ActUntil): Promise<void> => {
    const { outcome = "success", channel = "VISA", lateMs, dropIpn, dropReturn } = request;
    const wishes = { ipn: dropIpn ? { drop: true } : {}, return: dropReturn ? { drop: true } : {} };
    const act = { sessionKey, outcome, channel, lateMs, ...wishes };
    const start = () =>
      play(act, async (callback) => {
        await callbacks.send(callback);
      });
    let playing = (request.afterMs ?? 0) === 0 ? start() : null;
    if (playing === null) {
      await scheduler.schedule(request.afterMs ?? 0, () => {
        playing = start();
      });
    }
    await Promise.all([playing?.notified, until === "answered" ? playing?.returned : undefined]);
  };

  return async (sessionKey, request, until = "answered") => {
    const session = world.sessions.get(sessionKey);
    if (session === undefined) return { refusal: "unknown" };
    if (session.ended && request.late !== true) return { refusal: "ended" };
    const before = world.journal.lastSeq();
    const waitMs = Math.min(request.waitMs ?? DEFAULT_WAIT_MS, MAX_WAIT_MS);
    const finished = await Promise.race([
      begin(sessionKey, request, until).then(() => true),
      waitFor(waitMs).then(() => false),
    ]);
    const sent = world.journal
      .listAfter(before)
      .filter((entry) => entry.kind === "callback" && entry.sessionkey === sessionKey);
    return {
      sessionkey: sessionKey,
      tranId: session.order.tranId,
      status: describeStatus(world.sessions.get(sessionKey) ?? session),
      finished,
      callbacks: sent,
    };
  };
}
