import { setTimeout as delay } from "node:timers/promises";

export type GatewayClock = {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves to false when the signal ended the sleep. */
  sleep(ms: number, signal: AbortSignal): Promise<boolean>;
};

export const systemClock: GatewayClock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    delay(ms, undefined, { signal }).then(
      () => true,
      () => false,
    ),
};
