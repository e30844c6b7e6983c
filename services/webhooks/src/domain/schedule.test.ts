import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { ageLimitMs, MAX_TRIES, WAITS_MS, waitAfter } from "./schedule.ts";

const HOUR = 3_600_000;
const plain = { retryAfterMs: null, chance: 0, timeScale: 1 };
const tries = fc.integer({ min: 1, max: MAX_TRIES - 1 });
const chance = fc.double({ min: 0, max: 1, noNaN: true });

describe("the schedule", () => {
  it("waits twelve times, 75 h 42 min 35 s together", () => {
    expect(WAITS_MS).toHaveLength(12);
    const sum = WAITS_MS.reduce((a, b) => a + b, 0);
    expect(sum).toBe(((75 * 60 + 42) * 60 + 35) * 1_000);
    expect([1, 2, 3, 11].map((n) => waitAfter({ ...plain, tries: n }))).toEqual([
      5_000,
      30_000,
      120_000,
      24 * HOUR,
    ]);
  });

  it("gives up after the last try", () => {
    expect(waitAfter({ ...plain, tries: MAX_TRIES })).toBeNull();
    expect(waitAfter({ ...plain, tries: MAX_TRIES + 5, retryAfterMs: 1_000 })).toBeNull();
  });

  test.prop({ tries, chance })(
    "is never early, and late by at most a fifth or 15 minutes",
    ({ tries, chance }) => {
      const base = WAITS_MS[tries] ?? 0;
      const wait = waitAfter({ ...plain, tries, chance }) ?? 0;
      expect(wait).toBeGreaterThanOrEqual(base);
      expect(wait).toBeLessThanOrEqual(Math.ceil(base + Math.min(base * 0.2, 900_000)));
    },
  );

  test.prop({ tries, chance, retryAfterMs: fc.integer({ min: 0, max: 10 * 365 * 24 * HOUR }) })(
    "heeds Retry-After between the schedule's own wait and a day, without jitter",
    ({ tries, chance, retryAfterMs }) => {
      const base = WAITS_MS[tries] ?? 0;
      const wait = waitAfter({ ...plain, tries, chance, retryAfterMs });
      expect(wait).toBe(Math.min(Math.max(base, retryAfterMs), 24 * HOUR));
    },
  );

  it("shrinks with the time scale, the age limit too", () => {
    expect(waitAfter({ ...plain, tries: 1, chance: 1, timeScale: 0.001 })).toBe(6);
    expect(ageLimitMs(1)).toBe(120 * HOUR);
    expect(ageLimitMs(0.5)).toBe(60 * HOUR);
  });
});
