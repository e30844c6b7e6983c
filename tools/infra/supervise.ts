import { setTimeout as sleep } from "node:timers/promises";

/** What a server of ours must offer to be looked after. */
export type Server = {
  readonly port: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
};

export type Supervised<S extends Server> = {
  /** As it was at the first start; later ones have the same port and data. */
  readonly first: S;
  stop(): Promise<void>;
};

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;

/**
 * Starts a server, and starts it again on the same port and data whenever it ends although nobody stopped it, as an
 * operator's supervisor would. The services outlive a crash of their database or broker, so the laptop's must come back.
 */
export async function supervise<S extends Server>(options: {
  readonly launch: (port: () => Promise<number>) => Promise<S>;
  readonly port: () => Promise<number>;
  readonly onCrash: () => void;
  readonly onReturn: () => void;
}): Promise<Supervised<S>> {
  const first = await options.launch(options.port);
  let current: S | null = first;
  const stopping = new AbortController();

  const restart = async (): Promise<S | null> => {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return null;
      const server = await options.launch(async () => first.port).catch(() => null);
      if (server) return server;
    }
  };
  const watching = (async () => {
    while (current) {
      await current.exited;
      if (stopping.signal.aborted) return;
      options.onCrash();
      current = await restart();
      if (current) options.onReturn();
    }
  })();

  return {
    first,
    stop: async () => {
      stopping.abort();
      await current?.stop();
      await watching;
      // A start that was under way when the stop came has ended with a server of its own.
      await current?.stop();
    },
  };
}
