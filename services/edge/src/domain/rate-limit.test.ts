import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type Bucket, baseBucket, fullBucket, giveTokenBack, type Limit, takeToken } from "./rate-limit.ts";

const LIMIT: Limit = { perSecond: 100, burst: 200 };

function takeMany(start: Bucket, limit: Limit, moments: readonly number[]) {
  let bucket = start;
  return moments.map((now) => {
    const taken = takeToken(bucket, limit, now);
    bucket = taken.bucket;
    return taken.allowance;
  });
}

test("the first call announces one less than the rate, and every further one counts down by one", () => {
  const seen = takeMany(fullBucket(LIMIT, 0), LIMIT, [0, 0, 0]);
  expect(seen.map(({ remaining }) => remaining)).toEqual([99, 98, 97]);
  expect(seen.map(({ resetSeconds }) => resetSeconds)).toEqual([1, 1, 1]);
});

test("the burst is allowed and no more, and a second later the rate is there again", () => {
  const burst = takeMany(
    fullBucket(LIMIT, 0),
    LIMIT,
    Array.from({ length: 201 }, () => 0),
  );
  expect(burst.map(({ allowed }) => allowed).lastIndexOf(true)).toBe(199);
  expect(burst.at(-1)).toMatchObject({ allowed: false, retryAfterSeconds: 1, remaining: 0, resetSeconds: 2 });
  const moments = [...Array.from({ length: 200 }, () => 0), ...Array.from({ length: 101 }, () => 1_000)];
  const later = takeMany(fullBucket(LIMIT, 0), LIMIT, moments).slice(200);
  expect(later.filter(({ allowed }) => allowed)).toHaveLength(100);
});

test("who may fail ten times a minute waits six seconds for the next", () => {
  const limit: Limit = { perSecond: 10 / 60, burst: 10 };
  const tries = takeMany(fullBucket(limit, 0), limit, [...Array.from({ length: 11 }, () => 0), 5_999, 6_001]);
  expect(tries.map(({ allowed }) => allowed).slice(9)).toEqual([true, false, false, true]);
  expect(tries[10]?.retryAfterSeconds).toBe(6);
});

describe("a bucket", () => {
  const moments = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { maxLength: 200 });
  property.prop([moments, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })])(
    "never gives more than its burst and what came back, whatever the clock does",
    (times, perSecond, burst) => {
      const limit = { perSecond, burst };
      const allowed = takeMany(fullBucket(limit, 0), limit, times).filter((seen) => seen.allowed).length;
      const forward = times.map((at, i) => Math.max(0, at - (i === 0 ? 0 : (times[i - 1] ?? 0))));
      const seconds = forward.reduce((sum, step) => sum + step, 0) / 1_000;
      expect(allowed).toBeLessThanOrEqual(Math.floor(burst + seconds * perSecond + 1e-6));
    },
  );

  test("goes on at its rate when the clock was set back", () => {
    const moments = [...Array.from({ length: 200 }, () => 7_200_000), 0, 10];
    expect(takeMany(fullBucket(LIMIT, 7_200_000), LIMIT, moments).at(-1)?.allowed).toBe(true);
  });

  test("takes back no more than it holds", () => {
    expect(giveTokenBack(fullBucket(LIMIT, 0), LIMIT).tokens).toBe(200);
  });

  test("that was forgotten begins at the base rate, and never empty", () => {
    expect(baseBucket(LIMIT, 0).tokens).toBe(100);
    expect(baseBucket({ perSecond: 10 / 60, burst: 10 }, 0).tokens).toBe(1);
  });
});
