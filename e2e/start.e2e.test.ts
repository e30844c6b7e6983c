/**
 * Real: `tools/start.ts` as `npm start` runs it, in a home of its own: PostgreSQL, NATS, every service, HTTP.
 * Doubles: the gateway is the sandbox.
 * Oracles: the process list, `dev.json`, and what REST says after the next start.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckout } from "./merchant.ts";
import { sandboxAt } from "./sandbox.ts";
import { merchantOfDev, postings, type StartedProgram, startedProgram } from "./started-program.ts";

const OI = fileURLToPath(new URL("../tools/oi.ts", import.meta.url));

describe("npm start", () => {
  let oi: StartedProgram;

  beforeAll(async () => {
    oi = await startedProgram("start.ts");
  });
  afterAll(() => oi?.[Symbol.asyncDispose]());

  /** The servers themselves, not their keepers. */
  function servers(): string[] {
    return oi.processes().filter((pid) => {
      const [command = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return /(nats-server|postgres)$/.test(command);
    });
  }

  it("loses nothing that it acknowledged when it is killed, leaves no orphan, and goes on", async () => {
    const first = await oi.start();
    expect(statSync(join(oi.home, "dev.json")).mode & 0o777).toBe(0o600);
    const created = await merchantOfDev(first).create(undefined, { "idempotency-key": "before-the-kill" });
    expect(created.status).toBe(201);
    await oi.stop("SIGKILL");
    await eventually(() => expect(oi.processes()).toEqual([]), { withinMs: 15_000 });

    const second = await oi.start();
    expect(second.application).toEqual(first.application);
    const shop = merchantOfDev(second);
    expect(await shop.payment(created.json.data.id)).toEqual(created.json.data);
    const replay = await shop.create(undefined, { "idempotency-key": "before-the-kill" });
    expect(replay.text).toBe(created.text);

    await openCheckout(created.json.data);
    await sandboxAt(second.gatewaySandbox.url).pay(created.json.data.reference);
    await eventually(
      async () => expect((await shop.payment(created.json.data.id)).status).toBe("SUCCEEDED"),
      {
        withinMs: 2_000,
      },
    );
  }, 120_000);

  it("goes on when its database and its broker are killed, and the broker's store with it", async () => {
    const dev = oi.dev();
    const shop = merchantOfDev(dev);
    for (const pid of servers()) process.kill(Number(pid), "SIGKILL");
    rmSync(join(oi.home, "nats", "store"), { recursive: true, force: true });
    await eventually(async () => expect((await shop.create()).status).toBe(201), { withinMs: 20_000 });
    const payment = (await shop.create()).json.data;
    await openCheckout(payment);
    await sandboxAt(dev.gatewaySandbox.url).pay(payment.reference);
    await eventually(async () => expect((await shop.payment(payment.id)).status).toBe("SUCCEEDED"), {
      withinMs: 5_000,
    });
    await eventually(async () => expect(await postings(dev, payment.id)).toBe(1), { withinMs: 20_000 });
  }, 60_000);

  it("is found by the command line through its home, and its books prove themselves", async () => {
    const book = ["--application", String(oi.dev().application.id), "--mode", "TEST"];
    const env = { ...process.env, OI_HOME: oi.home };
    const ask = (command: string) =>
      promisify(execFile)(process.execPath, [OI, "ledger", command, ...book], { env });
    const [balance, proof] = await Promise.all([ask("trial-balance"), ask("verify")]);
    expect(balance.stdout).toMatch(/after transaction [1-9]\d*: balanced/);
    expect(proof.stdout).toMatch(/^ok: [1-9]\d* transactions/);
  }, 60_000);

  it("stops cleanly, removes dev.json and leaves no process", async () => {
    expect(existsSync(join(oi.home, "dev.json"))).toBe(true);
    expect(await oi.stop("SIGTERM")).toBe(0);
    expect(existsSync(join(oi.home, "dev.json"))).toBe(false);
    expect(oi.processes()).toEqual([]);
  }, 30_000);
});
