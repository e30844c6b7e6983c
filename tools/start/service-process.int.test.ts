import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { freePort } from "../infra/ports.ts";
import { isAlive } from "../infra/processes.ts";
import { StartFailure } from "../infra/start-failure.ts";
import { environmentOf } from "./separate-processes.ts";
import { type ServiceProcess, type ServiceSpec, superviseService } from "./service-process.ts";

const folder = mkdtempSync(join(tmpdir(), "oi-service-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const answering = (status: number, body: object): string => `
import { createServer } from "node:http";
createServer((_, response) => response.writeHead(${status}).end('${JSON.stringify(body)}')).listen(process.env.PORT);
process.on("SIGTERM", () => process.exit(0));
`;

async function service(text: string, readyLimitMs: number): Promise<ServiceSpec> {
  const port = await freePort();
  const script = join(folder, `service-${port}.mjs`);
  writeFileSync(script, text);
  return {
    name: "sample",
    script,
    env: { ...process.env, PORT: String(port) },
    logFile: join(folder, `${port}.log`),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    stopLimitMs: 5_000,
    readyLimitMs,
  };
}

const failureOf = (starting: Promise<unknown>): Promise<StartFailure> =>
  starting.then(
    () => Promise.reject(new Error("it started")),
    (error) => (error instanceof StartFailure ? error : Promise.reject(error)),
  );

const silent = { ended: () => undefined, returned: () => undefined };

it("names the dependency of a service that does not become ready in time", async () => {
  const spec = await service(answering(503, { problems: ["PostgreSQL cannot be reached"] }), 1_000);
  const failure = await failureOf(superviseService(spec, silent));
  expect(failure).toMatchObject({
    exitCode: 70,
    what: "sample is not ready after 1 s",
    why: "PostgreSQL cannot be reached",
    fix: `see ${spec.logFile}`,
  });
});

it("shows the last words of a service that ends before it was ready", async () => {
  const spec = await service("console.error('PORT: is taken'); process.exitCode = 3;", 20_000);
  const { what, why, exitCode } = await failureOf(superviseService(spec, silent));
  expect(what).toBe("sample ended before it was ready, with code 3");
  expect(why).toContain("PORT: is taken");
  expect(exitCode).toBe(70);
});

it("waits longer each time a service ends again, and stops at once while it waits", async () => {
  const endsMs: number[] = [];
  let sample: ServiceProcess | null = null;
  const returned = (): void => {
    if (sample) process.kill(sample.pid(), "SIGKILL");
  };
  const ended = (): void => {
    endsMs.push(performance.now());
  };
  sample = await superviseService(await service(answering(200, {}), 20_000), { ended, returned });
  process.kill(sample.pid(), "SIGKILL");
  await expect.poll(() => endsMs.length, { timeout: 20_000, interval: 10 }).toBe(3);
  const [first = 0, second = 0, third = 0] = endsMs;
  expect(second - first).toBeGreaterThan(250);
  expect(third - second).toBeGreaterThan(500);
  await sample.stop();
  await sleep(1_200);
  expect(endsMs).toHaveLength(3);
  expect(isAlive(sample.pid())).toBe(false);
});

it("gives a service what belongs to it, and nothing of another one", () => {
  const env = {
    LOG_LEVEL: "info",
    API_SECRET_PEPPER: "p",
    WEBHOOKS_KEKS: "k",
    WEBHOOKS_RPC_URL: "r",
    SSLCOMMERZ_LIVE_STORE_PASSWORD: "s",
    LEDGER_DATABASE_URL: "l",
    LEDGER_DATABASE_OWNER_URL: "o",
  };
  expect(Object.keys(environmentOf("edge", env))).toEqual(["LOG_LEVEL", "WEBHOOKS_RPC_URL"]);
  expect(Object.keys(environmentOf("ledger", env))).toEqual([
    "LOG_LEVEL",
    "WEBHOOKS_RPC_URL",
    "LEDGER_DATABASE_URL",
  ]);
  expect(Object.keys(environmentOf("payments", env))).toContain("SSLCOMMERZ_LIVE_STORE_PASSWORD");
});
