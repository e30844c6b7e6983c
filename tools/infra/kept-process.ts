import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the keeper needs to know; it travels as JSON on its command line, so it holds no secret. */
export type KeptSpec = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly logFile: string;
  /** Sent one after the other, each with its time to act; SIGKILL is the last resort. */
  readonly stopSignals: readonly { readonly signal: NodeJS.Signals; readonly graceMs: number }[];
  /** Removed after the stop, also when the parent was killed. */
  readonly removeAfter?: string;
  readonly removesEmptyParent?: boolean;
};

export type KeptProcess = {
  /** Of the server itself, not of its keeper. */
  readonly pid: number;
  hasExited(): boolean;
  /** Of the server; 128 and the number of the signal that ended it. Null while it runs. */
  exitCode(): number | null;
  readonly exited: Promise<void>;
  /** Orderly; `keepFolder` leaves `removeAfter` in place for a later start. */
  stop(options?: { readonly keepFolder: boolean }): Promise<void>;
  /** As a crash would: SIGKILL, the folder stays. */
  kill(): Promise<void>;
};

type Env = Readonly<Record<string, string | undefined>>;

const KEEPER = fileURLToPath(new URL("./keeper.mjs", import.meta.url));

/**
 * Starts a server under its keeper, in a session of its own so that the terminal's Ctrl-C does not reach it. Its
 * environment is this process's own unless another one is given.
 */
export async function startKept(spec: KeptSpec, env: Env = process.env): Promise<KeptProcess> {
  const keeper = spawn(process.execPath, [KEEPER, JSON.stringify(spec)], {
    env,
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    windowsHide: true,
  });
  let isGone = false;
  const exited = new Promise<void>((resolve, reject) => {
    keeper.once("error", reject);
    keeper.once("exit", () => {
      isGone = true;
      resolve();
    });
  });
  keeper.stdin.on("error", () => undefined);
  const pid = await Promise.race([readPid(keeper.stdout), exited.then(() => undefined)]);
  if (pid === undefined) throw new Error(`${spec.command} could not be started; its log is ${spec.logFile}`);
  return {
    pid,
    exited,
    hasExited: () => isGone,
    exitCode: () => keeper.exitCode,
    stop: async (options) => {
      keeper.stdin.end(options?.keepFolder ? "keep\n" : "");
      await exited;
    },
    kill: async () => {
      if (!isGone) process.kill(pid, "SIGKILL");
      await exited;
    },
  };
}

async function readPid(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: output })) {
    const message = JSON.parse(line) as { readonly pid?: number; readonly error?: string };
    if (message.pid !== undefined) return message.pid;
    throw new Error(message.error ?? "the keeper said nothing");
  }
  return new Promise(() => undefined);
}
