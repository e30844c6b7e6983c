import { setImmediate as nextTurn } from "node:timers/promises";
import { eventually } from "@oi/testkit/eventually";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../telemetry/logger.ts";
import { type Loop, startLoop } from "./loop.ts";

type Work = (signal: AbortSignal) => Promise<"more" | "idle">;

const start = (everyMs: number, work: Work): Loop =>
  startLoop({ name: "test", everyMs, log: silentLogger(), work });

/** A piece of work that ends when the test says so. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe("in its own time", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("runs at once and then repeats after each pause", async () => {
    const work = vi.fn<Work>(async () => "idle");
    await using _loop = start(1_000, work);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(work).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).toHaveBeenCalledTimes(12);
  });

  it("goes on at once while there is more", async () => {
    let left = 5;
    const work = vi.fn<Work>(async () => (--left > 0 ? "more" : "idle"));
    await using _loop = start(60_000, work);
    await vi.advanceTimersByTimeAsync(10);
    expect(work).toHaveBeenCalledTimes(5);
  });

  it("repeats a failure after 100 ms, doubling to 5 s, and begins anew after a success", async () => {
    let failing = true;
    const work = vi.fn<Work>(async () => {
      if (failing) throw new Error("no");
      return "idle";
    });
    await using _loop = start(50, work);
    let calls = 1;
    for (const waitMs of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(work).toHaveBeenCalledTimes(calls);
      await vi.advanceTimersByTimeAsync(1);
      calls += 1;
      expect(work).toHaveBeenCalledTimes(calls);
    }
    failing = false;
    await vi.advanceTimersByTimeAsync(5_000);
    failing = true;
    await vi.advanceTimersByTimeAsync(50);
    work.mockClear();
    await vi.advanceTimersByTimeAsync(99);
    expect(work).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("does not spin when it is woken again and again while it fails", async () => {
    const work = vi.fn<Work>(() => Promise.reject(new Error("no")));
    await using loop = start(60_000, work);
    for (let i = 0; i < 1_000; i++) {
      loop.wake();
      await vi.advanceTimersByTimeAsync(1);
    }
    // 0, 100, 300 and 700 ms.
    expect(work).toHaveBeenCalledTimes(4);
  });

  it("says every failure with the time of the repeat", async () => {
    const log = { ...silentLogger(), warn: vi.fn() };
    const error = new Error("no");
    await using _loop = startLoop({
      name: "posting",
      everyMs: 1_000,
      log: log as never,
      work: () => Promise.reject(error),
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(log.warn.mock.calls.map(([fields]) => fields)).toEqual([
      { loop: "posting", err: error, retryInMs: 100 },
      { loop: "posting", err: error, retryInMs: 200 },
    ]);
  });

  it("runs at once when it is woken from its pause, and only once", async () => {
    const work = vi.fn<Work>(async () => "idle");
    await using loop = start(60_000, work);
    await vi.advanceTimersByTimeAsync(5);
    loop.wake();
    loop.wake();
    loop.wake();
    await vi.advanceTimersByTimeAsync(5);
    expect(work).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("stops in the middle of a long pause or back-off", async () => {
    for (const work of [async () => "idle" as const, () => Promise.reject(new Error("no"))]) {
      const spy = vi.fn<Work>(work);
      const loop = start(3_600_000, spy);
      await vi.advanceTimersByTimeAsync(1);
      await loop[Symbol.asyncDispose]();
      expect(vi.getTimerCount()).toBe(0);
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(spy).toHaveBeenCalledTimes(1);
    }
  });
});

describe("woken", () => {
  it("while it runs, it runs once more, however often it was woken", async () => {
    const gates = [gate(), gate(), gate()];
    let runs = 0;
    await using loop = start(60_000, async () => {
      await gates[runs++]?.opened;
      return "idle";
    });
    loop.wake();
    loop.wake();
    expect(runs).toBe(1);
    gates[0]?.open();
    await eventually(() => expect(runs).toBe(2));
    gates[1]?.open();
    for (let i = 0; i < 10; i++) await nextTurn();
    expect(runs).toBe(2);
    gates[2]?.open();
  });

  it("between any two steps of its turns, no wake is lost", async () => {
    // After each wake a run must begin that starts later than the wake: here at 40 different moments of the turn.
    for (let steps = 0; steps < 40; steps++) {
      let begun = 0;
      await using loop = start(60_000, async () => {
        begun += 1;
        await null;
        return "idle";
      });
      for (let i = 0; i < steps; i++) await null;
      const before = begun;
      loop.wake();
      await eventually(() => expect(begun).toBeGreaterThan(before), { withinMs: 1_000 });
    }
  });
});

it("lets everything else live while there is always more to do", async () => {
  let runs = 0;
  const loop = start(0, async () => {
    runs += 1;
    // Without a turn of the event loop in between, nothing below would ever run.
    if (runs > 5_000) throw new Error("the loop starves its process");
    return runs > 5_000 ? "idle" : "more";
  });
  await nextTurn();
  await loop[Symbol.asyncDispose]();
  expect(runs).toBeLessThan(5_000);
});

describe("disposed", () => {
  it("waits for the work in hand, tells it so, and starts no other", async () => {
    const { opened, open } = gate();
    let aborted = false;
    let runs = 0;
    const loop = start(0, async (signal) => {
      runs += 1;
      await opened;
      aborted = signal.aborted;
      return "more";
    });
    let stopped = false;
    const stopping = loop[Symbol.asyncDispose]().then(() => {
      stopped = true;
    });
    for (let i = 0; i < 5; i++) await nextTurn();
    expect(stopped).toBe(false);
    open();
    await stopping;
    expect(aborted).toBe(true);
    expect(runs).toBe(1);
  });

  it("keeps quiet about work that ended because it was told to", async () => {
    const log = { ...silentLogger(), warn: vi.fn() };
    const loop = startLoop({
      name: "test",
      everyMs: 10,
      log: log as never,
      work: (signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    await loop[Symbol.asyncDispose]();
    expect(log.warn).not.toHaveBeenCalled();
  });

  it("may be disposed and woken again", async () => {
    const work = vi.fn<Work>(async () => "idle");
    const loop = start(60_000, work);
    await loop[Symbol.asyncDispose]();
    loop.wake();
    await loop[Symbol.asyncDispose]();
    await nextTurn();
    expect(work).toHaveBeenCalledTimes(1);
  });
});
