/**
 * Real: `tools/start.ts` as `npm start` runs it, in a home of its own: PostgreSQL, NATS, every service, HTTP.
 * Doubles: the gateway is the sandbox.
 * Oracles: the process list, `dev.json`, and what REST says after the next start.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import { freePort } from "@oi/tools/infra/ports";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merchantOf, openCheckout } from "./merchant.ts";
import { sandboxAt } from "./sandbox.ts";

type Dev = {
  readonly baseUrl: string;
  readonly pid: number;
  readonly application: { id: number; testApiKey: string; testApiSecret: string };
  readonly gatewaySandbox: { url: string };
  readonly services: { ledger: { http: string } };
};

const START = fileURLToPath(new URL("../tools/start.ts", import.meta.url));
const NAMES = ["EDGE", "EDGE_OPS", "SANDBOX", "POSTGRES", "NATS"];
const PAIRS = ["PAYMENTS", "LEDGER", "WEBHOOKS"].flatMap((name) => [`${name}_GRPC`, `${name}_HTTP`]);

describe("npm start", () => {
  let parent: string;
  let home: string;
  let ports: Record<string, string>;
  let child: ChildProcess | null = null;

  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), "oi-start-"));
    // The hardest home: a private folder below a private folder.
    chmodSync(parent, 0o700);
    home = join(parent, "home");
    mkdirSync(home, { mode: 0o700 });
    ports = {};
    for (const name of [...NAMES, ...PAIRS]) ports[`OI_${name}_PORT`] = String(await freePort());
  });
  afterAll(async () => {
    if (child?.exitCode === null) await stop("SIGTERM");
    rmSync(parent, { recursive: true, force: true });
  });

  async function start(): Promise<{ dev: Dev; output: string }> {
    let output = "";
    const running = spawn(process.execPath, [START, "--json"], {
      env: { ...process.env, ...ports, OI_HOME: home, CI: "true" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = running;
    for (const stream of [running.stdout, running.stderr])
      stream?.on("data", (chunk) => (output += String(chunk)));
    await eventually(() => expect(output).toContain('"ready":true'), { withinMs: 45_000 });
    return { dev: JSON.parse(readFileSync(join(home, "dev.json"), "utf8")) as Dev, output };
  }

  async function stop(signal: NodeJS.Signals): Promise<number | null> {
    const running = child;
    if (!running) return null;
    const ended = new Promise<number | null>((resolve) => running.once("exit", resolve));
    running.kill(signal);
    return ended;
  }

  /** Every process that has our home in its command line, its working folder or its open log. */
  function processesOfHome(): string[] {
    return readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(home);
      } catch {
        return false;
      }
    });
  }

  /** The servers themselves, not their keepers. */
  function serversOfHome(): string[] {
    return processesOfHome().filter((pid) => {
      const [command = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return /(nats-server|postgres)$/.test(command);
    });
  }

  async function postings(dev: Dev, paymentId: number): Promise<number> {
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

  const merchant = ({ baseUrl, application }: Dev) =>
    merchantOf(baseUrl, {
      applicationId: application.id,
      apiKey: application.testApiKey,
      apiSecret: application.testApiSecret,
    });

  it("loses nothing that it acknowledged when it is killed, leaves no orphan, and goes on", async () => {
    const first = await start();
    expect(statSync(join(home, "dev.json")).mode & 0o777).toBe(0o600);
    const created = await merchant(first.dev).create(undefined, { "idempotency-key": "before-the-kill" });
    expect(created.status).toBe(201);
    await stop("SIGKILL");
    await eventually(() => expect(processesOfHome()).toEqual([]), { withinMs: 15_000 });

    const second = await start();
    expect(second.dev.application).toEqual(first.dev.application);
    const shop = merchant(second.dev);
    expect(await shop.payment(created.json.data.id)).toEqual(created.json.data);
    const replay = await shop.create(undefined, { "idempotency-key": "before-the-kill" });
    expect(replay.text).toBe(created.text);

    await openCheckout(created.json.data);
    await sandboxAt(second.dev.gatewaySandbox.url).pay(created.json.data.reference);
    await eventually(
      async () => expect((await shop.payment(created.json.data.id)).status).toBe("SUCCEEDED"),
      {
        withinMs: 2_000,
      },
    );
  }, 120_000);

  it("goes on when its database and its broker are killed, and the broker's store with it", async () => {
    const dev = JSON.parse(readFileSync(join(home, "dev.json"), "utf8")) as Dev;
    const shop = merchant(dev);
    for (const pid of serversOfHome()) process.kill(Number(pid), "SIGKILL");
    rmSync(join(home, "nats", "store"), { recursive: true, force: true });
    await eventually(async () => expect((await shop.create()).status).toBe(201), { withinMs: 20_000 });
    const payment = (await shop.create()).json.data;
    await openCheckout(payment);
    await sandboxAt(dev.gatewaySandbox.url).pay(payment.reference);
    await eventually(async () => expect((await shop.payment(payment.id)).status).toBe("SUCCEEDED"), {
      withinMs: 5_000,
    });
    await eventually(async () => expect(await postings(dev, payment.id)).toBe(1), { withinMs: 20_000 });
  }, 60_000);

  it("stops cleanly, removes dev.json and leaves no process", async () => {
    expect(existsSync(join(home, "dev.json"))).toBe(true);
    expect(await stop("SIGTERM")).toBe(0);
    expect(existsSync(join(home, "dev.json"))).toBe(false);
    expect(processesOfHome()).toEqual([]);
  }, 30_000);
});
