import type { Instant } from "@oi/kernel/instant";

/** When to ask the gateway although nobody told us to. All figures in seconds. */
export type InquirySchedule = {
  /** After the opening, in rising order. */
  readonly afterOpening: readonly number[];
  /** Then this often, until `thinAfter`; then `thinEvery`, until expiry. */
  readonly every: number;
  readonly thinAfter: number;
  readonly thinEvery: number;
  /** After the expiry. */
  readonly afterExpiry: readonly number[];
  /** After the expiry's last one, to find money that came late: then daily until `lastDay`. */
  readonly afterClosing: readonly number[];
  readonly lastDay: number;
};

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

export const DEFAULT_SCHEDULE: InquirySchedule = {
  afterOpening: [30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE],
  every: 10 * MINUTE,
  thinAfter: 2 * HOUR,
  thinEvery: 30 * MINUTE,
  afterExpiry: [0, MINUTE, 5 * MINUTE, 15 * MINUTE],
  afterClosing: [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR],
  lastDay: 7,
};

export function firstInquiryAt(schedule: InquirySchedule, openedAt: Instant, expiresAt: Instant): Instant {
  return Math.min(openedAt + (schedule.afterOpening[0] ?? schedule.every) * 1_000, expiresAt);
}

/** The planned moments before the expiry that lie after `now`; the first of them, or null. */
function beforeExpiry(schedule: InquirySchedule, openedAt: Instant, now: Instant): Instant {
  const age = (now - openedAt) / 1_000;
  const planned = schedule.afterOpening.find((seconds) => seconds > age);
  if (planned !== undefined) return openedAt + planned * 1_000;
  return now + (age < schedule.thinAfter ? schedule.every : schedule.thinEvery) * 1_000;
}

/** The next moment to ask, or null when everything that can come has come. Jitter is the caller's. */
export function nextInquiryAt(
  schedule: InquirySchedule,
  openedAt: Instant,
  expiresAt: Instant,
  now: Instant,
): Instant | null {
  if (now < expiresAt) return Math.min(beforeExpiry(schedule, openedAt, now), expiresAt);
  const late = (now - expiresAt) / 1_000;
  const planned = [...schedule.afterExpiry, ...schedule.afterClosing].find((seconds) => seconds > late);
  if (planned !== undefined) return expiresAt + planned * 1_000;
  return late < schedule.lastDay * DAY ? now + DAY * 1_000 : null;
}
