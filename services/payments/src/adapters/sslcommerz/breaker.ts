/** Opens after this many calls in a row that the gateway left unanswered. */
const THRESHOLD = 5;
export const PROBE_EVERY_MS = 10_000;

export type Breaker = {
  /** Milliseconds until a call makes sense again; 0 lets this one through, as the probe when the breaker is open. */
  waitMs(now: number): number;
  /** The gateway does not answer: whatever is sent now is a probe. */
  isOpen(): boolean;
  record(result: "answered" | "unanswered", now: number): void;
};

/** Spares customers and the gateway the waiting while the gateway does not answer. */
export function createBreaker(probeEveryMs = PROBE_EVERY_MS): Breaker {
  let unanswered = 0;
  let nextProbeAt = 0;
  const isOpen = (): boolean => unanswered >= THRESHOLD;
  return {
    isOpen,
    waitMs(now) {
      if (!isOpen()) return 0;
      if (now < nextProbeAt) return nextProbeAt - now;
      nextProbeAt = now + probeEveryMs;
      return 0;
    },
    record(result, now) {
      unanswered = result === "answered" ? 0 : unanswered + 1;
      if (unanswered === THRESHOLD) nextProbeAt = now + probeEveryMs;
    },
  };
}
