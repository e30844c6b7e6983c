import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Health, NotReady } from "./health.ts";

const fine = { name: "database", check: async () => undefined };

it("is ready when every check passes, and without checks", async () => {
  expect(await new Health([fine, fine]).readiness()).toEqual({ ready: true, problems: [] });
  expect(await new Health([]).readiness()).toEqual({ ready: true, problems: [] });
});

it("names every dependency that cannot be used, and nothing of its error", async () => {
  const health = new Health([
    { name: "database", check: () => Promise.reject(new Error("password of postgres://u:p@h")) },
    fine,
    {
      name: "gateway",
      check: () => {
        throw new Error("thrown, not rejected");
      },
    },
  ]);
  expect(await health.readiness()).toEqual({
    ready: false,
    problems: ["database cannot be reached", "gateway cannot be reached"],
  });
});

it("says a finding in the words of the check that made it", async () => {
  const check = () => Promise.reject(new NotReady("database: fsync is off"));
  const health = new Health([{ name: "database", check }]);
  expect(await health.readiness()).toEqual({ ready: false, problems: ["database: fsync is off"] });
});

it("is not ready while it drains, and asks nobody any more", async () => {
  const check = vi.fn(async () => undefined);
  const health = new Health([{ name: "database", check }]);
  health.drain();
  expect(await health.readiness()).toEqual({ ready: false, problems: ["draining"] });
  expect(check).not.toHaveBeenCalled();
});

it("is not ready when draining begins while the checks run", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const health = new Health([{ name: "database", check: () => promise }]);
  const asked = health.readiness();
  health.drain();
  resolve();
  expect(await asked).toEqual({ ready: false, problems: ["draining"] });
});

it("recovers with its dependency", async () => {
  let away = true;
  const health = new Health([
    { name: "database", check: async () => (away ? Promise.reject(new Error("away")) : undefined) },
  ]);
  expect((await health.readiness()).ready).toBe(false);
  away = false;
  expect((await health.readiness()).ready).toBe(true);
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("counts a check that hangs as down after a second, and leaves no timer behind", async () => {
  const health = new Health([fine, { name: "database", check: () => new Promise(() => {}) }]);
  const asked = health.readiness();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await asked).toEqual({ ready: false, problems: ["database cannot be reached"] });
  expect(vi.getTimerCount()).toBe(0);
});

it("does not start a check again that still hangs, so that probes do not pile up behind it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = vi.fn(() => promise);
  const health = new Health([{ name: "database", check }]);
  for (let i = 0; i < 5; i++) {
    const asked = health.readiness();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await asked).ready).toBe(false);
  }
  expect(check).toHaveBeenCalledTimes(1);
  resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect((await health.readiness()).ready).toBe(true);
  expect(check).toHaveBeenCalledTimes(2);
});
