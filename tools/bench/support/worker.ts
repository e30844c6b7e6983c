import { fork } from "node:child_process";
import { once } from "node:events";

/** A process that does one kind of work on request, so that its CPU is counted apart and stays warm between rounds. */
export type Worker<Task, Result> = AsyncDisposable & {
  readonly pid: number;
  run(task: Task): Promise<Result>;
};

type Answer<Result> = { readonly result: Result } | { readonly error: string };

/** Nobody waits for a task any more once `stop` is aborted; it rejects with the reason. */
export function startWorker<Task extends object, Result>(
  script: URL,
  stop?: AbortSignal,
): Worker<Task, Result> {
  // A session of its own: Ctrl-C is for whoever started it, who then lets it go.
  const child = fork(script, { execArgv: [], detached: true });
  return {
    pid: child.pid ?? 0,
    run: async (task) => {
      stop?.throwIfAborted();
      const listening = new AbortController();
      const { signal } = listening;
      const answered = once(child, "message", { signal }).then(([answer]) => answer as Answer<Result>);
      const ended = once(child, "exit", { signal }).then(() => ({ error: "the worker ended" }));
      const stopped = stop && once(stop, "abort", { signal }).then(() => Promise.reject(stop.reason));
      const outcomes = [answered, ended, ...(stopped ? [stopped] : [])];
      child.send(task);
      try {
        const answer = await Promise.race(outcomes);
        if ("error" in answer) throw new Error(answer.error);
        return answer.result;
      } finally {
        // What is still waited for ends with an error of its own, which nobody needs.
        for (const outcome of outcomes) outcome.catch(() => undefined);
        listening.abort();
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}

/** The other side: answers each task, and ends when nobody listens any more. */
export function answerTasks<Task, Result>(work: (task: Task) => Promise<Result>): void {
  const reply = (answer: Answer<Result>): void => void process.send?.(answer);
  process.on("message", (task) => {
    work(task as Task).then(
      (result) => reply({ result }),
      (error: unknown) => reply({ error: String(error) }),
    );
  });
  process.on("disconnect", () => process.exit(0));
}
