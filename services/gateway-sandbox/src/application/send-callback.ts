import type { CallbackEntry } from "./journal.ts";
import type { Clock, PostForm } from "./ports.ts";
import { listPairs, type PreparedCallback, type World } from "./world.ts";

export type SendCallback = {
  /** Posts to the merchant; the entry holds the answer. */
  send(callback: PreparedCallback): Promise<CallbackEntry>;
  /** Writes down a callback that somebody else carries, or nobody. */
  record(callback: PreparedCallback, fate: "browser" | "dropped"): CallbackEntry;
};

function enter(callback: PreparedCallback, via: CallbackEntry["via"]): CallbackEntry {
  return {
    kind: "callback",
    ...callback,
    via,
    dropped: false,
    httpStatus: null,
    location: null,
    error: null,
  };
}

/** The one way out for callbacks, so that the journal misses none. */
export function createSendCallback(ports: {
  readonly world: World;
  readonly clock: Clock;
  readonly postForm: PostForm;
}): SendCallback {
  const { world, clock, postForm } = ports;
  const remember = (callback: PreparedCallback, via: CallbackEntry["via"]): CallbackEntry => {
    world.lastCallbacks.set(`${callback.channel} ${callback.tranId}`, callback);
    return world.journal.add(clock.now(), enter(callback, via));
  };
  return {
    send: async (callback) => {
      const entry = remember(callback, "server");
      if (callback.url === null) return Object.assign(entry, { error: "the session names no address" });
      const body = new URLSearchParams(listPairs(callback).map(([name, text]) => [name, text])).toString();
      return Object.assign(entry, await postForm(callback.url, body));
    },
    record: (callback, fate) =>
      Object.assign(remember(callback, fate === "browser" ? "browser" : "server"), {
        dropped: fate === "dropped",
      }),
  };
}
