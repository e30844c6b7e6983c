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
  /** After a success, to notice a reversal or a second charge of the session. */
  readonly afterPayment: readonly number[];
  /** The part of each wait by which chance makes it longer or shorter, so that attempts opened together spread out. */
  readonly jitter: number;
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
  afterPayment: [15 * MINUTE, DAY, 7 * DAY],
  jitter: 0.1,
};

/** `draw` is chance, from -1 to 1. */
function spread({ jitter }: InquirySchedule, seconds: number, draw: number): number {
  return Math.round(seconds * 1_000 * (1 + jitter * draw));
}

/** The first planned moment that is still to come; a question up to the jitter early was the planned one. */
function planned(schedule: InquirySchedule, moments: readonly number[], age: number): number | undefined {
  return moments.find((seconds) => seconds * (1 - schedule.jitter) > age);
}

export function firstInquiryAt(
  schedule: InquirySchedule,
  openedAt: Instant,
  expiresAt: Instant,
  draw = 0,
): Instant {
  const wait = spread(schedule, schedule.afterOpening[0] ?? schedule.every, draw);
  return Math.min(openedAt + wait, expiresAt);
}

/** The planned moments before the expiry that lie after `now`; the first of them, or null. */
function beforeExpiry(schedule: InquirySchedule, openedAt: Instant, now: Instant, draw: number): Instant {
  const age = (now - openedAt) / 1_000;
  const next = planned(schedule, schedule.afterOpening, age);
  if (next !== undefined) return openedAt + spread(schedule, next, draw);
  return now + spread(schedule, age < schedule.thinAfter ? schedule.every : schedule.thinEvery, draw);
}

/** The next moment to ask, or null when everything that can come has come. Never before the expiry once it is due. */
export function nextInquiryAt(
  schedule: InquirySchedule,
  openedAt: Instant,
  expiresAt: Instant,
  now: Instant,
  draw = 0,
): Instant | null {
  if (now < expiresAt) return Math.min(beforeExpiry(schedule, openedAt, now, draw), expiresAt);
  const late = (now - expiresAt) / 1_000;
  const next = planned(schedule, [...schedule.afterExpiry, ...schedule.afterClosing], late);
  if (next !== undefined) return expiresAt + spread(schedule, next, draw);
  return late < schedule.lastDay * DAY ? now + spread(schedule, DAY, draw) : null;
}

/** The next moment to ask about an attempt that is paid. */
export function nextInquiryAfterPayment(
  schedule: InquirySchedule,
  paidAt: Instant,
  now: Instant,
  draw = 0,
): Instant | null {
  const next = planned(schedule, schedule.afterPayment, (now - paidAt) / 1_000);
  return next === undefined ? null : paidAt + spread(schedule, next, draw);
}
