import type { Clock, Scheduler } from "../../application/ports.ts";
import { createTaskQueue, type Task } from "./task-queue.ts";

/** The longest sleep: a clock that is moved by somebody else, as in tests, is noticed after this much real time. */
const MAX_SLEEP_MS = 250;

function execute(task: Task): void | Promise<void> {
  const ended = task.run();
  task.settle(ended);
  return ended;
}

/** Runs what falls due over a clock that can be moved forward. */
export function createScheduler(clock: Clock): Scheduler {
  const queue = createTaskQueue();
  let advancedMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let advances = 0;
  let lastAdvance: Promise<unknown> = Promise.resolve();

  const now = (): number => clock.now() + advancedMs;

  const ring = (): void => {
    for (let task = queue.takeDue(now()); task !== undefined; task = queue.takeDue(now())) void execute(task);
    arm();
  };

  // While the clock is being advanced the timer rests: a run that it took would be neither awaited nor in its order.
  const arm = (): void => {
    clearTimeout(timer);
    const nextAt = queue.nextAt();
    if (nextAt === null || advances > 0) return;
    timer = setTimeout(ring, Math.min(MAX_SLEEP_MS, Math.max(0, nextAt - now())));
    timer.unref();
  };

  const runUntil = async (target: number): Promise<number> => {
    let runs = 0;
    for (let task = queue.takeDue(target); task !== undefined; task = queue.takeDue(target)) {
      advancedMs += Math.max(0, task.at - now());
      await execute(task);
      runs += 1;
    }
    advancedMs += Math.max(0, target - now());
    return runs;
  };

  return {
    now,
    schedule: (afterMs, run) =>
      new Promise((settle) => {
        queue.add({ at: now() + afterMs, run, settle });
        arm();
      }),
    advance: (ms) => {
      advances += 1;
      clearTimeout(timer);
      const advance = lastAdvance.then(() => runUntil(now() + ms));
      lastAdvance = advance.catch(() => undefined);
      return advance.finally(() => {
        advances -= 1;
        arm();
      });
    },
    clear: () => {
      clearTimeout(timer);
      for (const task of queue.takeAll()) task.settle();
    },
  };
}
