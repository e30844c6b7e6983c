/**
 * Real: `tools/services.ts` as `npm run services` runs it: a process per service, gRPC between them, PostgreSQL, NATS.
 * Doubles: the gateway is the sandbox, itself one of the processes.
 * Oracles: the process list, the supervisor's own lines, and what REST and the ledger say.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@oi/testkit/eventually";
import { commandLine, isAlive } from "@oi/tools/infra/processes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckout } from "./merchant.ts";
import { sandboxAt } from "./sandbox.ts";
import { type Dev, merchantOfDev, postings, type StartedProgram, startedProgram } from "./started-program.ts";

const SERVICES = ["payments", "ledger", "webhooks", "edge", "gateway-sandbox"];
const KILLED = 128 + 9;
const WITHIN = { withinMs: 15_000 };

describe("npm run services", () => {
  let oi: StartedProgram;

  beforeAll(async () => {
    oi = await startedProgram("services.ts");
    await oi.start();
  });
  afterAll(() => oi?.[Symbol.asyncDispose]());

  const pidOf = (name: string): number => oi.dev().processes?.[name] ?? 0;
  const environmentOf = (name: string): string => readFileSync(`/proc/${pidOf(name)}/environ`, "utf8");
  const timesSaid = (text: string): number => oi.output().split(`{"note":"${text}`).length - 1;

  async function takePayment(dev: Dev): Promise<void> {
    const shop = merchantOfDev(dev);
    const payment = await eventually(async () => {
      const created = await shop.create();
      expect(created.status).toBe(201);
      return created.json.data;
    }, WITHIN);
    await openCheckout(payment);
    await sandboxAt(dev.gatewaySandbox.url).pay(payment.reference);
    await eventually(async () => expect((await shop.payment(payment.id)).status).toBe("SUCCEEDED"), WITHIN);
    await eventually(async () => expect(await postings(dev, payment.id)).toBe(1), WITHIN);
  }

  /** Ends a service, waits until the supervisor has said how it ended and that it is back. */
  async function endAndReturn(name: string, signal: NodeJS.Signals, exitCode: number): Promise<void> {
    const ended = `${name} ended with code ${exitCode};`;
    const [endings, returns, before] = [timesSaid(ended), timesSaid(`${name} is back`), pidOf(name)];
    process.kill(before, signal);
    await eventually(() => expect(timesSaid(ended), oi.output()).toBe(endings + 1), WITHIN);
    await eventually(() => expect(timesSaid(`${name} is back`)).toBe(returns + 1), WITHIN);
    await eventually(() => expect(pidOf(name)).not.toBe(before), WITHIN);
  }

  it("takes a payment through five processes, each with its own log and no secret of another", async () => {
    expect(Object.keys(oi.dev().processes ?? {})).toEqual(SERVICES);
    expect(new Set([oi.dev().pid, ...SERVICES.map(pidOf)]).size).toBe(SERVICES.length + 1);
    expect(statSync(join(oi.home, "dev.json")).mode & 0o777).toBe(0o600);
    await takePayment(oi.dev());
    for (const name of SERVICES) expect(existsSync(join(oi.home, "log", `${name}.log`))).toBe(true);
    for (const name of SERVICES) {
      expect(environmentOf(name).includes("API_SECRET_PEPPER=")).toBe(name === "payments");
      expect(environmentOf(name).includes("WEBHOOKS_KEKS=")).toBe(name === "webhooks");
      expect(environmentOf(name)).not.toContain("_OWNER_URL=");
    }
  });

  it("ends each service cleanly on SIGTERM, and starts it again", async () => {
    for (const name of SERVICES) await endAndReturn(name, "SIGTERM", 0);
    await takePayment(oi.dev());
  });

  it("starts every service again when all are killed at once, and goes on", async () => {
    await Promise.all(SERVICES.map((name) => endAndReturn(name, "SIGKILL", KILLED)));
    await takePayment(oi.dev());
  });

  it("leaves no process behind when it is killed itself, and removes one that lost its keeper too", async () => {
    const before = oi.dev();
    const { edge = 0, ...others } = before.processes ?? {};
    const keeper = oi.processes().find((pid) => /keeper\.mjs .*edge\.log/.test(commandLine(Number(pid))));
    process.kill(Number(keeper), "SIGKILL");
    await oi.stop("SIGKILL");
    await eventually(() => expect(Object.values(others).filter(isAlive)).toEqual([]), WITHIN);
    expect(isAlive(edge)).toBe(true);
    const after = await oi.start();
    expect(isAlive(edge)).toBe(false);
    expect(after).toMatchObject({ baseUrl: before.baseUrl, application: before.application });
  });

  it("stops everything in the end, and removes dev.json", async () => {
    const pids = Object.values(oi.dev().processes ?? {});
    expect(await oi.stop("SIGTERM")).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(oi.processes()).toEqual([]);
    expect(existsSync(join(oi.home, "dev.json"))).toBe(false);
  });
});
