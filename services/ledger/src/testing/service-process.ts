import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** The service as a process of its own that dies at a failpoint and is started again without it. For tests only. */
export type ServiceProcess = AsyncDisposable & {
  /** Whether the failpoint ended it. */
  readonly wasKilled: () => boolean;
};

export function startService(env: Readonly<Record<string, string>>, failpoint: string): ServiceProcess {
  let killed = false;
  let stopping = false;
  const launch = (more: Readonly<Record<string, string>>): ChildProcess => {
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: "", LOG_LEVEL: "error", RPC_PORT: "0", OPS_PORT: "0", ...env, ...more },
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("exit", (_, signal) => {
      if (stopping) return;
      killed ||= signal === "SIGKILL";
      running = launch({});
    });
    return child;
  };
  let running = launch({ FAILPOINT: failpoint });
  return {
    wasKilled: () => killed,
    [Symbol.asyncDispose]: async () => {
      stopping = true;
      const exited = once(running, "exit");
      running.kill("SIGKILL");
      await exited;
    },
  };
}
