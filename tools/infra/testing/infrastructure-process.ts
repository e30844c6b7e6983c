import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Infrastructure } from "../local.ts";

const PROGRAM = fileURLToPath(new URL("./run-infrastructure.ts", import.meta.url));

export type InfrastructureProcess = {
  readonly facts: Pick<Infrastructure, "databases" | "natsUrl">;
  end(signal: NodeJS.Signals): Promise<void>;
};

/** Starts the infrastructure in another process and waits for its facts. */
export async function infrastructureProcess(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<InfrastructureProcess> {
  const child = spawn(process.execPath, [PROGRAM, home], { env, stdio: ["ignore", "pipe", "inherit"] });
  const line = await firstLine(child);
  return {
    facts: JSON.parse(line) as InfrastructureProcess["facts"],
    end: async (signal) => {
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    },
  };
}

export type ServerPids = { readonly postgres: number; readonly nats: number };

/** The servers' own pid files say who runs on a home. */
export function serverPids(home: string): ServerPids {
  return {
    postgres: Number(readFileSync(join(home, "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0]),
    nats: Number(readFileSync(join(home, "nats", "nats-server.pid"), "utf8")),
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("the process has no output");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("the infrastructure did not start");
}
