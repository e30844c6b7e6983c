import { expect, it } from "vitest";
import { paced } from "./pace.ts";

const GAP_MS = 40;
const signal = new AbortController().signal;

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

it("begins a turn at once after a rest, and later after a turn that left nothing over", async () => {
  const turn = paced(GAP_MS, async () => "idle");
  expect(await timeOf(() => turn(signal))).toBeLessThan(GAP_MS);
  // Timers may fire a moment before their time by another clock.
  expect(await timeOf(() => turn(signal))).toBeGreaterThan(GAP_MS - 5);
});

it("goes on at once while there is more, and neither holds up the end nor begins anything then", async () => {
  const answers = ["more", "idle", "idle"] as const;
  let turns = 0;
  const turn = paced(60_000, async () => answers[turns++] ?? "idle");
  await turn(signal);
  await turn(signal);
  const stop = new AbortController();
  const third = turn(stop.signal);
  stop.abort();
  expect([await third, turns]).toEqual(["idle", 2]);
});
