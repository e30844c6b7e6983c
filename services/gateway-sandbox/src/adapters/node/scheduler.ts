import type { Clock, Scheduler } from "../../application/ports.ts";

type Task = {
  readonly at: number;
  readonly run: () => void | Promise<void>;
  readonly settle: (ended: void | Promise<void>) => void;
};

/** The longest sleep: a clock that is moved by somebody else, as in tests, is noticed after this much real time. */
const MAX_SLEEP_MS = 250;

/** Keeps the order of time; tasks of the same time keep the order of their coming. */
function enqueue(queue: Task[], task: Task): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((queue[middle]?.at ?? 0) <= task.at) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, task);
}

/** A queue in the order of time over a clock that can be moved forward. */
export function createScheduler(clock: Clock): Scheduler {
  const queue: Task[] = [];
  let advancedMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const now = (): number => clock.now() + advancedMs;

  const takeDue = (until: number): Task | undefined => {
    const next = queue[0];
    return next !== undefined && next.at <= until ? queue.shift() : undefined;
  };

  const execute = (task: Task): void | Promise<void> => {
    const ended = task.run();
    task.settle(ended);
    return ended;
  };

  const arm = (): void => {
    clearTimeout(timer);
    const next = queue[0];
    if (next === undefined) return;
    timer = setTimeout(
      () => {
        for (let task = takeDue(now()); task !== undefined; task = takeDue(now())) void execute(task);
        arm();
      },
      Math.min(MAX_SLEEP_MS, Math.max(0, next.at - now())),
    );
    timer.unref();
  };

  return {
    now,
    schedule: (afterMs, run) =>
      new Promise((settle) => {
        enqueue(queue, { at: now() + afterMs, run, settle });
        arm();
      }),
    advance: async (ms) => {
      const target = now() + ms;
      let runs = 0;
      for (let task = takeDue(target); task !== undefined; task = takeDue(target)) {
        advancedMs += Math.max(0, task.at - now());
        await execute(task);
        runs += 1;
      }
      advancedMs += Math.max(0, target - now());
      arm();
      return runs;
    },
    clear: () => {
      clearTimeout(timer);
      for (const task of queue.splice(0)) task.settle();
    },
  };
}
