export type Task = {
  readonly at: number;
  readonly run: () => void | Promise<void>;
  /** Called with what the run gave, or with nothing when the task is forgotten. */
  readonly settle: (ended: void | Promise<void>) => void;
};

/** Tasks in the order of time; tasks of the same time keep the order of their coming. */
export type TaskQueue = {
  add(task: Task): void;
  /** When the first task is due; null when there is none. */
  nextAt(): number | null;
  /** Takes the first task out, if it is due by then. */
  takeDue(until: number): Task | undefined;
  takeAll(): readonly Task[];
};

export function createTaskQueue(): TaskQueue {
  const tasks: Task[] = [];
  return {
    add: (task) => {
      let low = 0;
      let high = tasks.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((tasks[middle]?.at ?? 0) <= task.at) low = middle + 1;
        else high = middle;
      }
      tasks.splice(low, 0, task);
    },
    nextAt: () => tasks[0]?.at ?? null,
    takeDue: (until) => {
      const next = tasks[0];
      return next !== undefined && next.at <= until ? tasks.shift() : undefined;
    },
    takeAll: () => tasks.splice(0),
  };
}
