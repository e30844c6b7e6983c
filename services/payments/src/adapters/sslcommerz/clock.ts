import { setTimeout as delay } from "node:timers/promises";

export type GatewayClock = {
  /** Epoch milliseconds that only rise. */
  now(): number;
  /** Resolves to false when the signal ended the sleep. */
  sleep(ms: number, signal: AbortSignal): Promise<boolean>;
};

/** By the monotonic clock: a machine whose clock is set back would keep the breaker open for as long. */
export const systemClock: GatewayClock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  sleep: (ms, signal) =>
    delay(ms, undefined, { signal }).then(
      () => true,
      () => false,
    ),
};
