import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  edgeEnvironment,
  perService,
  SERVICES,
  type Surroundings,
  sandboxEnvironment,
  serviceEnvironment,
  usesSandbox,
} from "@oi/e2e/environment";
import type { Env } from "@oi/platform/config/env";
import { grpcTransport } from "@oi/platform/rpc/client";
import type { Booting, Processes, Running } from "./program.ts";
import {
  type ServiceEvents,
  type ServiceProcess,
  type ServiceSpec,
  superviseService,
} from "./service-process.ts";

const READY_LIMIT_MS = 30_000;
const DRAIN_SECONDS = 30;
/** A service that does not drain in time ends itself ten seconds later; only one that hangs is killed after that. */
const AFTER_DRAIN_MS = 15_000;

/** What belongs to one service alone; the others do not see it. Nobody sees an owner's address: those migrate. */
const OWNERS: readonly (readonly [name: RegExp, owner: string | null])[] = [
  [/_DATABASE_OWNER_URL/, null],
  [/^PAYMENTS_DATABASE_|^API_SECRET_PEPPER|^SSLCOMMERZ_/, "payments"],
  [/^LEDGER_DATABASE_/, "ledger"],
  [/^WEBHOOKS_(DATABASE_|KEKS)/, "webhooks"],
];

/** Every service as a process of its own, over real gRPC, each supervised and with a log of its own. */
export async function startProcesses(booting: Booting): Promise<Running> {
  const { surroundings, home } = booting;
  const { env, ports, publicUrl } = surroundings;
  const host = env.RPC_HOST || "127.0.0.1";
  const addresses = perService((name) => `${host}:${ports.grpc[name]}`);
  const jsonUrls = perService((name) => `http://${host}:${ports.http[name]}`);
  const sandboxUrl = usesSandbox(surroundings) ? urlOfSandbox(surroundings) : null;
  const one = serviceSpec(home, env);
  const specs = [
    ...SERVICES.map((name) =>
      one(name, serviceEnvironment(name, surroundings, sandboxUrl), `${jsonUrls[name]}/readyz`),
    ),
    one("edge", edgeEnvironment(surroundings, addresses), `http://127.0.0.1:${ports.edgeOps}/readyz`),
    ...(sandboxUrl === null
      ? []
      : [one("gateway-sandbox", sandboxEnvironment(surroundings), `http://127.0.0.1:${ports.sandbox}/`)]),
  ];
  const services = await startAll(specs, reportTo(booting));
  const transports = perService((name) => grpcTransport(addresses[name]));
  return {
    publicUrl,
    sandboxUrl,
    transports,
    services: perService((name) => ({ grpc: addresses[name], http: jsonUrls[name] })),
    processes: () => processesOf(services),
    [Symbol.asyncDispose]: async () => {
      for (const name of SERVICES) transports[name][Symbol.dispose]();
      await stopInOrder(services);
    },
  };
}

const urlOfSandbox = ({ env, ports }: Surroundings): string =>
  env.SANDBOX_PUBLIC_URL || `http://localhost:${ports.sandbox}`;

function serviceSpec(
  home: string,
  { DRAIN_SECONDS: drain }: Env,
): (name: string, env: Env, readyUrl: string) => ServiceSpec {
  return (name, env, readyUrl) => ({
    name,
    script: fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url)),
    env: environmentOf(name, env),
    logFile: join(home, "log", `${name}.log`),
    readyUrl,
    readyLimitMs: READY_LIMIT_MS,
    stopLimitMs: (Number(drain) || DRAIN_SECONDS) * 1_000 + AFTER_DRAIN_MS,
  });
}

/** As in production, where a secret is mounted by the one service that needs it. */
export function environmentOf(service: string, env: Env): Env {
  const belongsElsewhere = (name: string): boolean =>
    OWNERS.some(([pattern, owner]) => pattern.test(name) && owner !== service);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !belongsElsewhere(name)));
}

function reportTo({ note, onProcesses }: Booting): ServiceEvents {
  return {
    ended: (name, code) => note(`${name} ended with code ${code ?? "?"}; starting it again …`),
    returned: (name) => {
      note(`${name} is back`);
      onProcesses();
    },
  };
}

/** All at once, because any order must work; one that does not become ready stops the others. */
async function startAll(specs: readonly ServiceSpec[], events: ServiceEvents): Promise<ServiceProcess[]> {
  const results = await Promise.allSettled(specs.map((spec) => superviseService(spec, events)));
  const services = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return services;
  await stopInOrder(services);
  throw failed.reason;
}

function processesOf(services: readonly ServiceProcess[]): Processes {
  return Object.fromEntries(services.map((service) => [service.name, service.pid()]));
}

/** The door first, so that nothing new comes in; the gateway last, because a payment under way may still ask it. */
async function stopInOrder(services: readonly ServiceProcess[]): Promise<void> {
  const inside: readonly string[] = SERVICES;
  const waves = [["edge"], inside, ["gateway-sandbox"]];
  for (const wave of waves) {
    await Promise.all(services.filter(({ name }) => wave.includes(name)).map((service) => service.stop()));
  }
}
