import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "@oi/platform/config/env";
import { freePort } from "@oi/tools/infra/ports";
import { environmentOf } from "@oi/tools/start/separate-processes";
import {
  type ConstellationPorts,
  edgeEnvironment,
  perService,
  SERVICES,
  type Surroundings,
  serviceEnvironment,
} from "../environment.ts";
import { type ServiceUnderTest, serviceUnderTest } from "./process.ts";
import type { Killable } from "./schedule.ts";
import { type Servers, startServers } from "./servers.ts";

/** Everything that a storm blows at, each part a process of its own; the gateway alone is spared, because it is the oracle. */
export type World = AsyncDisposable & {
  readonly servers: Servers;
  readonly services: Readonly<Record<Killable, ServiceUnderTest>>;
  readonly publicUrl: string;
  readonly gatewayUrl: string;
  readonly addresses: Readonly<Record<"payments" | "webhooks", string>>;
  readonly logFolder: string;
  readonly storePassword: string;
  /** As `WEBHOOKS_KEKS`. */
  readonly keks: string;
};

/** Times of the checker that follow from the environment below. */
export const TIMES = { deadlineMs: 1_000, leaseMs: 3_000, timeScale: 0.0002 } as const;

/** Seconds: tight at first, then often enough that nothing waits for minutes after the last fault. */
const ASK = [1, 2, 3, 5, 8, ...Array.from({ length: 120 }, (_, i) => 13 + 5 * i)].join(",");

const SPEED: Env = {
  INQUIRY_SCHEDULE: ASK,
  REFUND_SCHEDULE: ASK,
  INQUIRY_LEASE_MS: "4000",
  REFUND_LEASE_MS: "6000",
  GATEWAY_RECHECK_MS: "500",
  GATEWAY_DOUBT_MS: "500",
  GATEWAY_CALLS_PER_SECOND: "1000",
  TIME_SCALE: String(TIMES.timeScale),
  WEBHOOKS_DEADLINE_MS: String(TIMES.deadlineMs),
  WEBHOOKS_LEASE_MS: String(TIMES.leaseMs),
  WEBHOOKS_REAP_EVERY_MS: "500",
  NATS_ACK_WAIT_MS: "2000",
  CONSUMER_ACK_WAIT_MS: "2000",
  DRAIN_SECONDS: "5",
  SANDBOX_AUTOPILOT: "always",
  SANDBOX_REFUND_DELAY_MS: "500",
};

async function freePorts(): Promise<ConstellationPorts> {
  const ports = new Set<number>();
  while (ports.size < 9) ports.add(await freePort());
  const [edge = 0, edgeOps = 0, sandbox = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = ports;
  return {
    ...{ edge, edgeOps, sandbox },
    grpc: { payments: a, ledger: b, webhooks: c },
    http: { payments: d, ledger: e, webhooks: f },
  };
}

export async function startWorld(folder: string): Promise<World> {
  await using started = new AsyncDisposableStack();
  const logFolder = join(folder, "log");
  mkdirSync(logFolder, { recursive: true });
  const servers = started.use(await startServers(folder));
  const ports = await freePorts();
  const publicUrl = `http://localhost:${ports.edge}`;
  const gatewayUrl = `http://localhost:${ports.sandbox}`;
  const storePassword = `store-${randomBytes(12).toString("hex")}`;
  const keks = `storm:${randomBytes(32).toString("base64")}`;
  const env: Env = {
    ...{ PATH: process.env.PATH, LOG_LEVEL: "info", ...SPEED },
    API_SECRET_PEPPER: `storm:${randomBytes(24).toString("hex")}`,
    WEBHOOKS_KEKS: keks,
    // The sinks alone: the traps listen beside them.
    WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.1/32",
    SSLCOMMERZ_TEST_BASE_URL: gatewayUrl,
    SSLCOMMERZ_TEST_STORE_ID: "storm",
    SSLCOMMERZ_TEST_STORE_PASSWORD: storePassword,
  };
  const { databases, nats } = servers;
  const surroundings: Surroundings = { databases, natsUrl: nats.url, ports, publicUrl, env };
  const gateway = serviceUnderTest({
    name: "gateway-sandbox",
    env: { ...env, PORT: String(ports.sandbox), SANDBOX_STORES: `storm:${storePassword}` },
    readyUrl: `${gatewayUrl}/healthz`,
    logFolder,
  });
  const services = servicesOf(surroundings, logFolder);
  for (const service of [gateway, ...Object.values(services)]) {
    started.use(service);
    await service.start();
  }
  const ready = await Promise.all([gateway, ...Object.values(services)].map((service) => service.ready()));
  if (!ready.every(Boolean)) throw new Error(`a service ended before it was ready; see ${logFolder}`);
  const addresses = perService((name) => `127.0.0.1:${ports.grpc[name]}`);
  const all = started.move();
  return {
    ...{ servers, services, publicUrl, gatewayUrl, addresses, logFolder, storePassword, keks },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function servicesOf(surroundings: Surroundings, logFolder: string): World["services"] {
  const { ports } = surroundings;
  const one = (name: Killable, env: Env, opsPort: number): ServiceUnderTest =>
    serviceUnderTest({
      name,
      env: environmentOf(name, env),
      readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
      logFolder,
    });
  const addresses = perService((name) => `127.0.0.1:${ports.grpc[name]}`);
  const inner = SERVICES.map((name) =>
    one(name, serviceEnvironment(name, surroundings, null), ports.http[name]),
  );
  const [payments, ledger, webhooks] = inner;
  if (!payments || !ledger || !webhooks) throw new Error("every service has a process");
  return {
    payments,
    ledger,
    webhooks,
    edge: one("edge", edgeEnvironment(surroundings, addresses), ports.edgeOps),
  };
}
