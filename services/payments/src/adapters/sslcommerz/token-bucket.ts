export type Reservation =
  | { readonly granted: true; readonly waitMs: number }
  | { readonly granted: false; readonly waitMs: number };

export type TokenBucket = {
  /** Takes a token that is usable in `waitMs`, or refuses when that would be later than `maxWaitMs`. */
  reserve(now: number, maxWaitMs: number): Reservation;
  /** Honours `Retry-After`: nothing is granted before. */
  pauseUntil(instant: number): void;
};

/**
 * `perSecond` calls a second with a burst of one second's worth, as a generic cell rate algorithm (ITU-T I.371): one
 * number, the theoretical arrival time of the next call, instead of a count that a timer refills.
 */
export function createTokenBucket(perSecond: number): TokenBucket {
  const intervalMs = 1_000 / perSecond;
  const burstMs = Math.max(1_000 - intervalMs, 0);
  let arrivalAt = 0;
  let pausedUntil = 0;
  return {
    reserve(now, maxWaitMs) {
      const waitMs = Math.max(0, arrivalAt - burstMs - now, pausedUntil - now);
      if (waitMs > maxWaitMs) return { granted: false, waitMs };
      arrivalAt = Math.max(arrivalAt, now) + intervalMs;
      return { granted: true, waitMs };
    },
    pauseUntil(instant) {
      pausedUntil = Math.max(pausedUntil, instant);
    },
  };
}
