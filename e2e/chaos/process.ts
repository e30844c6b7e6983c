import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Env } from "@oi/platform/config/env";
import { type KeptProcess, startKept } from "@oi/tools/infra/kept-process";

/** One service of a storm. Nothing starts it again but {@link ServiceUnderTest.start}. */
export type ServiceUnderTest = AsyncDisposable & {
  readonly name: string;
  /** Returns once the process runs; readiness is another matter. */
  start(): Promise<void>;
  /** Waits until it says that it can work; false when it ended instead. Raises an Error when it does neither in time. */
  ready(): Promise<boolean>;
  kill(): Promise<void>;
  /** In order, as in a rolling update. */
  terminate(): Promise<void>;
  /** SIGSTOP: it holds its connections and its leases, and does nothing. */
  freeze(): void;
  /** Of one that ended although nobody ended it; null while it runs. */
  endedBy(): number | null;
  thaw(): void;
};

export type ServiceOptions = {
  readonly name: string;
  readonly env: Env;
  readonly readyUrl: string;
  /** Each start has a log of its own in it. */
  readonly logFolder: string;
};

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const STOP_MS = 20_000;
const READY_LIMIT_MS = 60_000;

export function serviceUnderTest({ name, env, readyUrl, logFolder }: ServiceOptions): ServiceUnderTest {
  let starts = 0;
  let current: KeptProcess | null = null;
  const running = (): KeptProcess => {
    if (!current) throw new Error(`${name} was not started`);
    return current;
  };
  return {
    name,
    start: async () => {
      starts += 1;
      current = await startKept(
        {
          command: process.execPath,
          args: [join("services", name, "src", "main.ts")],
          cwd: ROOT,
          logFile: join(logFolder, `${name}-${starts}.log`),
          stopSignals: [{ signal: "SIGTERM", graceMs: STOP_MS }],
        },
        env,
      );
    },
    ready: async () => {
      const deadline = performance.now() + READY_LIMIT_MS;
      while (!(await isReady(readyUrl))) {
        if (running().hasExited()) return false;
        if (performance.now() > deadline) throw new Error(`${name} is not ready`);
        await sleep(50);
      }
      return true;
    },
    kill: () => running().kill(),
    terminate: () => running().stop(),
    endedBy: () => (current?.hasExited() ? current.exitCode() : null),
    freeze: () => {
      process.kill(running().pid, "SIGSTOP");
    },
    thaw: () => {
      if (!running().hasExited()) process.kill(running().pid, "SIGCONT");
    },
    [Symbol.asyncDispose]: async () => {
      await current?.stop();
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
