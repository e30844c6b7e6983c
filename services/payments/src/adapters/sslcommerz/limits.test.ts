import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { createBreaker } from "./breaker.ts";
import { createTokenBucket } from "./token-bucket.ts";

describe("the breaker", () => {
  it("opens after five unanswered calls in a row and lets one probe through every ten seconds", () => {
    const breaker = createBreaker();
    for (let i = 0; i < 4; i++) breaker.record("unanswered", 0);
    expect(breaker.waitMs(0)).toBe(0);
    breaker.record("unanswered", 1_000);
    expect(breaker.waitMs(1_000)).toBe(10_000);
    expect(breaker.waitMs(10_999)).toBe(1);
    expect(breaker.waitMs(11_000)).toBe(0);
    expect(breaker.waitMs(11_001)).toBe(9_999);
  });

  it("stays open after a failed probe and closes after an answered one", () => {
    const breaker = createBreaker();
    for (let i = 0; i < 5; i++) breaker.record("unanswered", 0);
    expect(breaker.waitMs(10_000)).toBe(0);
    breaker.record("unanswered", 10_100);
    expect(breaker.waitMs(10_200)).toBe(9_800);
    expect(breaker.waitMs(20_000)).toBe(0);
    breaker.record("answered", 20_100);
    expect(breaker.waitMs(20_100)).toBe(0);
  });

  it("forgets failures once a call is answered", () => {
    const breaker = createBreaker();
    for (let i = 0; i < 20; i++) breaker.record(i % 5 === 4 ? "answered" : "unanswered", i);
    expect(breaker.waitMs(20)).toBe(0);
  });
});

describe("the token bucket", () => {
  it("grants a burst of one second, then spaces the calls", () => {
    const bucket = createTokenBucket(10);
    const waits = Array.from({ length: 12 }, () => bucket.reserve(0, 1_000).waitMs);
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200]);
  });

  it("refuses what would wait too long, without taking a token", () => {
    const bucket = createTokenBucket(1);
    expect(bucket.reserve(0, 0)).toEqual({ granted: true, waitMs: 0 });
    expect(bucket.reserve(0, 500)).toEqual({ granted: false, waitMs: 1_000 });
    expect(bucket.reserve(1_000, 0)).toEqual({ granted: true, waitMs: 0 });
  });

  it("grants nothing during the pause that the gateway asked for", () => {
    const bucket = createTokenBucket(10);
    bucket.pauseUntil(5_000);
    expect(bucket.reserve(0, 1_000)).toEqual({ granted: false, waitMs: 5_000 });
    expect(bucket.reserve(5_000, 0).granted).toBe(true);
  });

  test.prop([fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(300), { minLength: 1, maxLength: 200 })])(
    "never starts more calls in a second than twice its rate, nor more than its rate in the long run",
    (perSecond, gaps) => {
      const bucket = createTokenBucket(perSecond);
      let now = 0;
      const starts: number[] = [];
      for (const gap of gaps) {
        now += gap;
        const turn = bucket.reserve(now, 1_000);
        if (turn.granted) starts.push(now + turn.waitMs);
      }
      const elapsedMs = (starts.at(-1) ?? 0) - (starts[0] ?? 0);
      expect(starts.length).toBeLessThanOrEqual(perSecond + (elapsedMs * perSecond) / 1_000 + 1);
    },
  );
});
