import type { Logger } from "../telemetry/logger.ts";

export type Loop = AsyncDisposable & {
  /** Runs the work now, or once more when it is running. */
  wake(): void;
};

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;

/**
 * Background work that repeats for as long as the service lives: at once while `work` says there is more, else after
 * `everyMs` or a wake. A failure is logged and repeated after 100 ms, doubling to 5 s, so it never spins.
 */
export function startLoop(options: {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Logger;
  readonly work: (signal: AbortSignal) => Promise<"more" | "idle">;
}): Loop {
  const { name, everyMs, log, work } = options;
  const stop = new AbortController();
  let woken = false;
  let rouse: (() => void) | null = null;
  let backoffMs = 0;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const turn = async (): Promise<number> => {
    woken = false;
    try {
      const next = await work(stop.signal);
      backoffMs = 0;
      return next === "more" ? 0 : everyMs;
    } catch (error) {
      if (stop.signal.aborted) return 0;
      backoffMs = Math.min(LAST_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, backoffMs * 2));
      log.warn({ loop: name, err: error, retryInMs: backoffMs }, "background work failed and is repeated");
      return backoffMs;
    }
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      const waitMs = await turn();
      const mayHurry = woken && backoffMs === 0;
      if (stop.signal.aborted) return;
      if (waitMs > 0 && !mayHurry) await pause(waitMs);
      // Work that never waits for anything real must not starve timers, sockets and the signal to stop.
      else await new Promise((resolve) => setImmediate(resolve));
      rouse = null;
    }
  })();

  return {
    wake: () => {
      woken = true;
      if (backoffMs === 0) rouse?.();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      rouse?.();
      await running;
    },
  };
}
