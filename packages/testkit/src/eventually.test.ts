import { expect, it } from "vitest";
import { manualClock } from "./clock.ts";
import { eventually } from "./eventually.ts";

it("waits until the assertion holds and returns its result", async () => {
  let calls = 0;
  const result = await eventually(() => {
    calls += 1;
    expect(calls).toBeGreaterThan(2);
    return "held";
  });
  expect(result).toBe("held");
  expect(calls).toBe(3);
});

it("fails with the last assertion when time is up", async () => {
  await expect(eventually(() => expect(1).toBe(2), { withinMs: 50 })).rejects.toThrow(/expected 1 to be 2/);
});

it("has a clock that moves only when told", () => {
  const clock = manualClock(1_000);
  clock.advance(500);
  expect(clock.now()).toBe(1_500);
  clock.set(10);
  expect(clock.now()).toBe(10);
});
