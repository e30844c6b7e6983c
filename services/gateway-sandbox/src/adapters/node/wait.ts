import { setTimeout as sleep } from "node:timers/promises";

/** Waits real time, and no longer than the process wants to live. */
export function createWaitFor(stop: AbortSignal): (ms: number) => Promise<void> {
  return async (ms) => {
    if (ms === 0 || stop.aborted) return;
    await sleep(ms, undefined, { signal: stop, ref: false }).catch(() => undefined);
  };
}
