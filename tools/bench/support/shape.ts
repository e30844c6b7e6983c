import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SERVICES, type ServiceDatabases } from "@oi/e2e/environment";
import type { DevFile } from "../../start/dev-file.ts";
import type { Groups } from "./cpu.ts";

/** A running constellation to be measured. */
export type Shape = AsyncDisposable & {
  readonly dev: DevFile;
  /** Its own processes, without PostgreSQL. */
  readonly groups: Groups;
};

const tool = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The limits are for the bad day of a merchant; here they would only measure themselves. */
const NO_RATE_LIMITS = Object.fromEntries(
  ["RPS", "BURST", "ADDRESS_RPS", "GATEWAY_RPS"].map((name) => [`RATE_LIMIT_${name}`, "1000000"]),
);

/** Runs `npm start` or `npm run services` on given databases, with a NATS of its own. */
export async function startShape(options: {
  readonly program: "start.ts" | "services.ts";
  readonly home: string;
  readonly databases: ServiceDatabases;
}): Promise<Shape> {
  const { program, home, databases } = options;
  mkdirSync(home, { recursive: true });
  const urls = SERVICES.flatMap((name) => [
    [`${name.toUpperCase()}_DATABASE_URL`, databases[name].url],
    [`${name.toUpperCase()}_DATABASE_OWNER_URL`, databases[name].ownerUrl],
  ]);
  // A session of its own, so that Ctrl-C reaches it once, from here; the lifeline ends it when this process is killed.
  const child = spawn(process.execPath, ["--import", tool("lifeline.mjs"), tool(program), "--json"], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ...NO_RATE_LIMITS,
      ...Object.fromEntries(urls),
      ...{ OI_HOME: home, OI_EPHEMERAL: "1", NATS_URL: "" },
    },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await exit;
  };
  const dev = await readyLine(child.stdout);
  if (dev === null) {
    await stop();
    throw new Error(`${program} did not start`);
  }
  return { dev, groups: { ...groupsOf(dev), nats: natsOf(home) }, [Symbol.asyncDispose]: stop };
}

async function readyLine(output: NodeJS.ReadableStream): Promise<DevFile | null> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    lines.push(line);
    const record = JSON.parse(line) as { readonly ready?: boolean };
    if (record.ready !== true) continue;
    // Read on, or the program would stop when the pipe is full.
    output.resume();
    return record as unknown as DevFile;
  }
  process.stderr.write(`${lines.slice(-5).join("\n")}\n`);
  return null;
}

function groupsOf({ pid, processes }: DevFile): Groups {
  if (processes === undefined) return { "all services": [pid] };
  return Object.fromEntries(Object.entries(processes).map(([name, service]) => [name, [service]]));
}

function natsOf(home: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const [command = "", ...args] = readFileSync(join("/proc", String(pid), "cmdline"), "utf8").split(
          "\0",
        );
        return command.endsWith("nats-server") && args.some((arg) => arg.startsWith(home));
      } catch {
        return false;
      }
    });
}
