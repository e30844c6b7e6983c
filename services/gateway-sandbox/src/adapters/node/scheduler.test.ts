import { describe, expect, it } from "vitest";
import { createScheduler } from "./scheduler.ts";

/** A clock that stands still until a test moves it. */
function createStillClock() {
  let time = 1_000;
  return {
    now: () => time,
    move: (ms: number) => {
      time += ms;
    },
  };
}

describe("advancing", () => {
  it("runs what falls due in the order of time, each at its own time", async () => {
    const scheduler = createScheduler(createStillClock());
    const ran: string[] = [];
    for (const [name, ms] of Object.entries({ late: 300, early: 100, never: 501, second: 100 })) {
      void scheduler.schedule(ms, () => void ran.push(`${name} ${scheduler.now()}`));
    }
    expect(await scheduler.advance(500)).toBe(3);
    expect(ran).toEqual(["early 1100", "second 1100", "late 1300"]);
    expect(scheduler.now()).toBe(1_500);
    scheduler.clear();
  });

  it("runs what a run schedules, when that is due as well", async () => {
    const scheduler = createScheduler(createStillClock());
    const ran: number[] = [];
    void scheduler.schedule(100, () => void scheduler.schedule(100, () => void ran.push(scheduler.now())));
    await scheduler.advance(200);
    expect(ran).toEqual([1_200]);
  });

  it("waits for a run before it begins the next", async () => {
    const scheduler = createScheduler(createStillClock());
    const ran: string[] = [];
    void scheduler.schedule(1, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ran.push("slow");
    });
    void scheduler.schedule(2, () => void ran.push("quick"));
    await scheduler.advance(10);
    expect(ran).toEqual(["slow", "quick"]);
  });
});

describe("advancing while the timer would ring", () => {
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it("leaves no run to the timer, so that it ends after the last one and keeps their order", async () => {
    const scheduler = createScheduler(createStillClock());
    const ran: string[] = [];
    const note = (name: string) => async () => {
      await pause(30);
      ran.push(name);
    };
    void scheduler.schedule(100, () => {
      void scheduler.schedule(0, note("first"));
      void scheduler.schedule(0, note("second"));
    });
    expect(await scheduler.advance(100)).toBe(3);
    expect(ran).toEqual(["first", "second"]);
  });

  it("goes one after the other when it is asked for twice", async () => {
    const scheduler = createScheduler(createStillClock());
    let ended = false;
    void scheduler.schedule(100, async () => {
      await pause(30);
      ended = true;
    });
    void scheduler.advance(100);
    await scheduler.advance(100);
    expect([ended, scheduler.now()]).toEqual([true, 1_200]);
  });
});

it("runs by itself once the time has come", async () => {
  const scheduler = createScheduler({ now: () => performance.now() });
  const begun = performance.now();
  await scheduler.schedule(30, () => undefined);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(30);
});

it("notices a clock that somebody else moves", async () => {
  const clock = createStillClock();
  const scheduler = createScheduler(clock);
  const ran = scheduler.schedule(3_600_000, () => undefined);
  clock.move(3_600_000);
  await ran;
});

it("releases whoever waits for something that was cleared, without running it", async () => {
  const scheduler = createScheduler(createStillClock());
  let ran = false;
  const waiting = scheduler.schedule(1_000, () => {
    ran = true;
  });
  scheduler.clear();
  await waiting;
  expect(await scheduler.advance(2_000)).toBe(0);
  expect(ran).toBe(false);
});
