import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import { freePort } from "@oi/tools/infra/ports";
import { expect } from "vitest";
import { type Merchant, merchantOf } from "./merchant.ts";

/** What a test needs of `dev.json`. */
export type Dev = {
  readonly baseUrl: string;
  readonly pid: number;
  readonly processes?: Readonly<Record<string, number>>;
  readonly application: {
    readonly id: number;
    readonly testApiKey: string;
    readonly testApiSecret: string;
  };
  readonly gatewaySandbox: { readonly url: string };
  readonly services: { readonly ledger: { readonly http: string } };
};

/** One of the programs of tools/ as a person runs it, in a home and on ports of its own. */
export type StartedProgram = AsyncDisposable & {
  readonly home: string;
  dev(): Dev;
  /** Everything it has printed since its last start. */
  output(): string;
  start(): Promise<Dev>;
  /** Its exit code; null when the signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Every process that has our home in its command line. */
  processes(): string[];
};

const NAMES = ["EDGE", "EDGE_OPS", "SANDBOX", "POSTGRES", "NATS"];
const PAIRS = ["PAYMENTS", "LEDGER", "WEBHOOKS"].flatMap((name) => [`${name}_GRPC`, `${name}_HTTP`]);

async function freePorts(): Promise<Record<string, string>> {
  const ports = new Set<number>();
  const names = [...NAMES, ...PAIRS];
  while (ports.size < names.length) ports.add(await freePort());
  return Object.fromEntries([...ports].map((port, at) => [`OI_${names[at]}_PORT`, String(port)]));
}

function makeHome(): { readonly parent: string; readonly home: string } {
  const parent = mkdtempSync(join(tmpdir(), "oi-start-"));
  // The hardest home: a private folder below a private folder.
  chmodSync(parent, 0o700);
  const home = join(parent, "home");
  mkdirSync(home, { mode: 0o700 });
  return { parent, home };
}

export async function startedProgram(file: "start.ts" | "services.ts"): Promise<StartedProgram> {
  const program = fileURLToPath(new URL(`../tools/${file}`, import.meta.url));
  const { parent, home } = makeHome();
  const ports = await freePorts();
  let child: ChildProcess | null = null;
  let output = "";

  const dev = (): Dev => JSON.parse(readFileSync(join(home, "dev.json"), "utf8")) as Dev;
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    const running = child;
    if (!running || running.exitCode !== null) return null;
    const ended = new Promise<number | null>((resolve) => running.once("exit", resolve));
    running.kill(signal);
    return ended;
  };
  return {
    home,
    dev,
    stop,
    output: () => output,
    start: async () => {
      output = "";
      const running = spawn(process.execPath, [program, "--json"], {
        env: { ...process.env, ...ports, OI_HOME: home, CI: "true" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      child = running;
      for (const stream of [running.stdout, running.stderr])
        stream.on("data", (chunk) => {
          output += String(chunk);
        });
      await eventually(() => expect(output).toContain('"ready":true'), { withinMs: 45_000 });
      return dev();
    },
    processes: () => processesOf(home),
    [Symbol.asyncDispose]: async () => {
      await stop("SIGTERM");
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

function processesOf(home: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(home);
    } catch {
      return false;
    }
  });
}

export const merchantOfDev = ({ baseUrl, application }: Dev): Merchant =>
  merchantOf(baseUrl, {
    applicationId: application.id,
    apiKey: application.testApiKey,
    apiSecret: application.testApiSecret,
  });

/** How many ledger transactions a payment has. */
export async function postings(dev: Dev, paymentId: number): Promise<number> {
  const response = await fetch(`${dev.services.ledger.http}/oi.ledger.v1.LedgerService/ListTransactions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      book: { applicationId: dev.application.id, mode: "MODE_TEST" },
      reference: `payment:${paymentId}`,
    }),
  });
  return ((await response.json()) as { transactions?: unknown[] }).transactions?.length ?? 0;
}
