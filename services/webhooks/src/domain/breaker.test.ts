import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { beginProbe, type Fact, type Health, NEW_HEALTH, settle } from "./breaker.ts";
import type { Outcome } from "./classify.ts";

const T0 = 1_780_567_200_000;

const ok = (at: number, totalMs = 10): Fact => ({ outcome: "OK", status: 200, totalMs, at });
const failed = (at: number, outcome: Outcome = "HTTP", status: number | null = 500): Fact => ({
  outcome,
  status,
  totalMs: 10,
  at,
});

const healthAfter = (facts: readonly Fact[], health: Health = NEW_HEALTH): Health =>
  facts.reduce((h, fact) => settle(h, fact, 1), health);

const times = (n: number, make: (at: number, i: number) => Fact): Fact[] =>
  Array.from({ length: n }, (_, i) => make(T0 + i, i));

describe("the breaker", () => {
  it("opens at five failures in a row, not at four", () => {
    expect(healthAfter(times(4, (at) => failed(at))).breaker).toBe("CLOSED");
    expect(healthAfter(times(5, (at) => failed(at)))).toMatchObject({
      breaker: "OPEN",
      openUntil: T0 + 4 + 30_000,
    });
  });

  it("opens for an endpoint that flaps: half of twenty attempts within a minute", () => {
    const flapping = times(20, (at, i) => (i % 2 === 0 ? ok(at) : failed(at)));
    expect(healthAfter(flapping).breaker).toBe("OPEN");
    const slower = flapping.map((fact, i) => ({ ...fact, at: T0 + i * 4_000 }));
    expect(healthAfter(slower).breaker).toBe("CLOSED");
  });

  it("closes by one successful probe and doubles its time by every failed one, up to ten minutes", () => {
    let health = healthAfter(times(5, (at) => failed(at)));
    const spans: number[] = [];
    for (let i = 0; i < 7; i++) {
      const at = health.openUntil ?? 0;
      health = healthAfter([failed(at)], beginProbe(health));
      spans.push((health.openUntil ?? 0) - at);
    }
    expect(spans).toEqual([60, 120, 240, 480, 600, 600, 600].map((s) => s * 1_000));
    const closed = healthAfter([ok(T0 + 9e6)], beginProbe(health));
    expect(closed).toMatchObject({
      breaker: "CLOSED",
      openUntil: null,
      openSeconds: 30,
      cap: 4,
      failStreak: 0,
    });
  });

  it("is moved by nothing that says nothing about the endpoint", () => {
    const health = healthAfter(times(4, (at) => failed(at)));
    for (const outcome of ["UNKNOWN", "LOCAL"] as const)
      expect(healthAfter([failed(T0, outcome)], health)).toBe(health);
  });

  it("is neither closed nor lengthened by what began before it opened", () => {
    const open = healthAfter(times(5, (at) => failed(at)));
    expect(healthAfter([ok(T0 + 9)], open)).toMatchObject({ breaker: "OPEN", openUntil: open.openUntil });
    expect(healthAfter([failed(T0 + 9)], open)).toMatchObject({ breaker: "OPEN", openUntil: open.openUntil });
  });
});

describe("the cap", () => {
  it("rises by one per twenty fast successes in a row, to 32", () => {
    expect(healthAfter(times(19, (at) => ok(at))).cap).toBe(4);
    expect(healthAfter(times(20, (at) => ok(at))).cap).toBe(5);
    expect(healthAfter(times(1_000, (at) => ok(at))).cap).toBe(32);
    expect(healthAfter(times(40, (at, i) => ok(at, i === 10 ? 1_001 : 10))).cap).toBe(5);
  });

  it("halves when the endpoint is overloaded, and only then", () => {
    const high = healthAfter(times(400, (at) => ok(at)));
    expect(high.cap).toBe(24);
    for (const status of [429, 502, 504])
      expect(healthAfter([failed(T0, "HTTP", status)], high).cap).toBe(12);
    expect(healthAfter([failed(T0, "TIMEOUT", null)], high).cap).toBe(12);
    for (const status of [400, 500, 503])
      expect(healthAfter([failed(T0, "HTTP", status)], high).cap).toBe(24);
    const slow = healthAfter(times(4, (at) => failed(at, "TIMEOUT", null)));
    expect(slow.cap).toBe(1);
  });
});

const fact = fc.record({
  outcome: fc.constantFrom<Outcome>("OK", "OK", "OK", "HTTP", "TIMEOUT", "CONNECT", "UNKNOWN", "LOCAL"),
  status: fc.constantFrom(null, 200, 429, 500, 503),
  totalMs: fc.constantFrom(5, 900, 1_500),
  stepMs: fc.integer({ min: 0, max: 40_000 }),
  probes: fc.boolean(),
});

test.prop([fc.array(fact, { maxLength: 60 })], { numRuns: 10_000 })(
  "keeps its promises over every history",
  (history) => {
    let health = NEW_HEALTH;
    let at = T0;
    const demand = (claim: boolean, what: string): void => {
      if (!claim) throw new Error(what);
    };
    for (const { stepMs, probes, ...each } of history) {
      at += stepMs;
      if (probes && health.breaker === "OPEN" && (health.openUntil ?? 0) <= at) health = beginProbe(health);
      const before = health;
      health = settle(health, { ...each, at }, 1);
      demand(health.cap >= 1 && health.cap <= 32, "the cap has bounds");
      demand((health.breaker === "CLOSED") === (health.openUntil === null), "only an open one has a time");
      demand(before.breaker !== "OPEN" || health.breaker === "OPEN", "only a probe closes");
      demand(each.outcome !== "OK" || health.failStreak + health.failCount === 0, "success ends a streak");
      demand(health.breaker !== "CLOSED" || health.failStreak < 5, "five failures open");
      demand(health.openSeconds <= 600, "ten minutes at most");
    }
  },
);
