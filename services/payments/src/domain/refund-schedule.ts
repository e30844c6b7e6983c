import type { Instant } from "@oi/kernel/instant";

/** When to ask the gateway what became of a refund it accepted; it never tells by itself. Seconds after acceptance. */
export type RefundSchedule = {
  readonly afterAcceptance: readonly number[];
  /** Then this often. */
  readonly every: number;
  /** Until this day; after it a person has to look. */
  readonly lastDay: number;
};

const HOUR = 3_600;
const DAY_MS = 86_400_000;

export const DEFAULT_REFUND_SCHEDULE: RefundSchedule = {
  afterAcceptance: [10, 60, 300, 900, HOUR],
  every: 6 * HOUR,
  lastDay: 30,
};

/** The next moment to ask, or null when the last day is over. */
export function nextPollAt(schedule: RefundSchedule, acceptedAt: Instant, now: Instant): Instant | null {
  const planned = schedule.afterAcceptance.find((seconds) => acceptedAt + seconds * 1_000 > now);
  if (planned !== undefined) return acceptedAt + planned * 1_000;
  const next = now + schedule.every * 1_000;
  return next - acceptedAt <= schedule.lastDay * DAY_MS ? next : null;
}

const SHORTEST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;

/** A call that certainly never left us is repeated: soon at first, then at half of the age, at most every ten minutes. */
export function nextTryAt(createdAt: Instant, retryAfterMs: number, now: Instant): Instant {
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.floor((now - createdAt) / 2));
  return now + Math.max(SHORTEST_WAIT_MS, retryAfterMs, waitMs);
}
