import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The service as a process of its own, which may be killed, stopped and continued. */
export type ChildService = AsyncDisposable & {
  kill(signal: NodeJS.Signals): void;
  /** The signal that ended it, or null when it ended by itself. */
  ended(): Promise<NodeJS.Signals | null>;
};

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

function hasSaidReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-4_000);
      if (said.includes('"ready"')) resolve();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    child.once("exit", () =>
      reject(new Error(`the service ended before it was ready: ${said.slice(-2_000)}`)),
    );
  });
}

export async function startChild(env: Readonly<Record<string, string>>): Promise<ChildService> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: "", RPC_PORT: "0", OPS_PORT: "0", LOG_LEVEL: "info", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("exit", (_, signal) => resolve(signal));
  });
  const ready = hasSaidReady(child);
  // One that dies at its failpoint before it says anything is no trouble of the caller's.
  await Promise.race([ready, exited]).catch(() => undefined);
  ready.catch(() => undefined);
  return {
    kill: (signal) => child.kill(signal),
    ended: () => exited,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
