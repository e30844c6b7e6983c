import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { DEFAULT_SCHEDULE, firstInquiryAt, nextInquiryAt } from "./inquiry-schedule.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const OPENED = 1_767_225_600_000;

/** Every moment that is asked at, when each question is answered at once. */
function moments(ttlMs: number): number[] {
  const expiresAt = OPENED + ttlMs;
  const found: number[] = [];
  let at: number | null = firstInquiryAt(DEFAULT_SCHEDULE, OPENED, expiresAt);
  while (at !== null) {
    found.push(at);
    at = nextInquiryAt(DEFAULT_SCHEDULE, OPENED, expiresAt, at);
  }
  return found;
}

const sinceOpening = (ttlMs: number): number[] => moments(ttlMs).map((at) => (at - OPENED) / MINUTE);
const ttl = fc.integer({ min: MINUTE, max: 7 * DAY });

describe("the inquiry schedule", () => {
  it("asks densely at first, then every ten minutes, then every half hour", () => {
    const minutes = sinceOpening(5 * 60 * MINUTE).filter((minute) => minute < 300);
    expect(minutes.slice(0, 7)).toEqual([0.5, 1, 2, 5, 10, 20, 30]);
    expect(minutes.filter((minute) => minute > 100)).toEqual([110, 120, 150, 180, 210, 240, 270]);
  });

  it("asks after the expiry at once, after 1, 5 and 15 minutes, then for a week", () => {
    const after = moments(30 * MINUTE)
      .map((at) => at - OPENED - 30 * MINUTE)
      .filter((at) => at >= 0);
    const early = [0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY];
    expect(after).toEqual([...early, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY, 6 * DAY, 7 * DAY]);
  });

  it("asks at the expiry itself when that comes before the first planned moment", () => {
    expect(firstInquiryAt(DEFAULT_SCHEDULE, OPENED, OPENED + 1_000)).toBe(OPENED + 1_000);
  });

  test.prop([ttl, fc.integer({ min: 0, max: 20 * DAY })])(
    "never plans a moment that has passed",
    (ttlMs, ageMs) => {
      const now = OPENED + ageMs;
      const next = nextInquiryAt(DEFAULT_SCHEDULE, OPENED, OPENED + ttlMs, now);
      if (next !== null) expect(next).toBeGreaterThan(now);
      else expect(ageMs).toBeGreaterThanOrEqual(ttlMs + 7 * DAY);
    },
  );

  test.prop([ttl])("always asks at the expiry and soon after it", (ttlMs) => {
    const expiresAt = OPENED + ttlMs;
    const found = moments(ttlMs);
    for (const minutes of [0, 1, 5, 15]) expect(found).toContain(expiresAt + minutes * MINUTE);
  });

  test.prop([ttl, fc.integer({ min: 0, max: 2 * HOUR })])(
    "finds money of the first two hours within ten minutes",
    (ttlMs, paidAfterMs) => {
      if (paidAfterMs >= ttlMs) return;
      const found = moments(ttlMs).find((at) => at >= OPENED + paidAfterMs) ?? Number.POSITIVE_INFINITY;
      expect(found - OPENED - paidAfterMs).toBeLessThanOrEqual(10 * MINUTE);
    },
  );

  test.prop([ttl])("asks at least daily until a week after the expiry, and then no more", (ttlMs) => {
    const found = moments(ttlMs);
    const gaps = found.map((at, i) => at - (found[i - 1] ?? OPENED));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(DAY);
    expect(found.at(-1)).toBe(OPENED + ttlMs + 7 * DAY);
  });
});
