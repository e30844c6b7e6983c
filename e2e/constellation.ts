import { fileURLToPath } from "node:url";
import * as edge from "@oi/edge/app";
import { readConfig as readEdge } from "@oi/edge/config";
import * as sandbox from "@oi/gateway-sandbox/app";
import { readConfig as readSandbox } from "@oi/gateway-sandbox/config";
import * as ledger from "@oi/ledger/app";
import { readConfig as readLedger } from "@oi/ledger/config";
import * as payments from "@oi/payments/app";
import { readConfig as readPayments } from "@oi/payments/config";
import type { Env } from "@oi/platform/config/env";
import { type MigrationResult, migrate, roleOf } from "@oi/platform/postgres/migrate";
import { grpcTransport, inMemoryTransport, type Transport } from "@oi/platform/rpc/client";
import type { RpcServer } from "@oi/platform/rpc/server";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import * as webhooks from "@oi/webhooks/app";
import { readConfig as readWebhooks } from "@oi/webhooks/config";

export const SERVICES = ["payments", "ledger", "webhooks"] as const;
export type ServiceName = (typeof SERVICES)[number];

export type ServiceDatabases = Readonly<
  Record<ServiceName, { readonly url: string; readonly ownerUrl: string }>
>;

export type ConstellationOptions = {
  readonly databases: ServiceDatabases;
  readonly natsUrl: string;
  readonly ports: {
    readonly edge: number;
    readonly edgeOps: number;
    readonly sandbox: number;
    readonly grpc: Readonly<Record<ServiceName, number>>;
    readonly http: Readonly<Record<ServiceName, number>>;
  };
  readonly publicUrl: string;
  /** How the edge reaches the others: without a network, or through their real gRPC ports. */
  readonly transport: "memory" | "grpc";
  /** The environment of every service; what the constellation decides itself overrules it. */
  readonly env: Env;
  /** One logger per service; silent when absent. */
  readonly log?: (service: string) => Logger;
};

export type Constellation = AsyncDisposable & {
  readonly publicUrl: string;
  readonly services: Readonly<Record<ServiceName, { readonly grpc: string; readonly http: string }>>;
  readonly transports: Readonly<Record<ServiceName, Transport>>;
  /** Null when TEST mode has a gateway account of its own. */
  readonly sandboxUrl: string | null;
};

/** Brings the three databases to their newest schema. */
export async function migrateAll(databases: ServiceDatabases): Promise<Record<ServiceName, MigrationResult>> {
  const one = (name: ServiceName): Promise<MigrationResult> =>
    migrate({
      ownerUrl: databases[name].ownerUrl,
      appRole: roleOf(databases[name].url),
      folder: fileURLToPath(new URL(`../services/${name}/migrations`, import.meta.url)),
    });
  const [paymentsResult, ledgerResult, webhooksResult] = await Promise.all(SERVICES.map(one));
  if (!paymentsResult || !ledgerResult || !webhooksResult) throw new Error("every service has migrations");
  return { payments: paymentsResult, ledger: ledgerResult, webhooks: webhooksResult };
}

/** Boots every service in this process, each with its real gRPC and JSON ports. The databases are migrated. */
export async function startConstellation(options: ConstellationOptions): Promise<Constellation> {
  const { databases, ports, publicUrl } = options;
  const log = options.log ?? ((service) => createLogger({ service, level: "silent" }));
  await using started = new AsyncDisposableStack();
  const sandboxUrl = options.env.SSLCOMMERZ_TEST_BASE_URL
    ? null
    : started.use(await startSandbox(options)).url;
  const env = (name: ServiceName): Env => ({
    ...options.env,
    ...(sandboxUrl === null ? {} : sandboxAccount(sandboxUrl)),
    [`${name.toUpperCase()}_DATABASE_URL`]: databases[name].url,
    [`${name.toUpperCase()}_DATABASE_OWNER_URL`]: databases[name].ownerUrl,
    NATS_URL: options.natsUrl,
    PUBLIC_URL: publicUrl,
    RPC_PORT: String(ports.grpc[name]),
    OPS_PORT: String(ports.http[name]),
  });
  const apps = {
    payments: started.use(await payments.createApp(readPayments(env("payments")), { log: log("payments") })),
    ledger: started.use(await ledger.createApp(readLedger(env("ledger")), { log: log("ledger") })),
    webhooks: started.use(await webhooks.createApp(readWebhooks(env("webhooks")), { log: log("webhooks") })),
  };
  const transports = perService((name) => transportTo(apps[name].rpc, options.transport, started));
  const edgeEnv = {
    ...options.env,
    ...Object.fromEntries(
      SERVICES.map((name) => [`${name.toUpperCase()}_RPC_URL`, apps[name].rpc.grpcAddress]),
    ),
    PORT: String(ports.edge),
    OPS_PORT: String(ports.edgeOps),
    PUBLIC_URL: publicUrl,
  };
  started.use(await edge.createApp(readEdge(edgeEnv), { log: log("edge"), transports }));
  const services = perService((name) => ({
    grpc: apps[name].rpc.grpcAddress,
    http: apps[name].rpc.jsonUrl,
  }));
  const all = started.move();
  return { publicUrl, services, transports, sandboxUrl, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function perService<T>(make: (name: ServiceName) => T): Record<ServiceName, T> {
  return { payments: make("payments"), ledger: make("ledger"), webhooks: make("webhooks") };
}

function transportTo(rpc: RpcServer, kind: "memory" | "grpc", started: AsyncDisposableStack): Transport {
  return kind === "memory" ? inMemoryTransport(rpc.services) : started.use(grpcTransport(rpc.grpcAddress));
}

function startSandbox({ env, ports }: ConstellationOptions) {
  return sandbox.createApp(readSandbox({ ...env, PORT: String(ports.sandbox) }));
}

/** The account that the sandbox knows from the start. */
function sandboxAccount(url: string): Env {
  return {
    SSLCOMMERZ_TEST_BASE_URL: url,
    SSLCOMMERZ_TEST_STORE_ID: "testbox",
    SSLCOMMERZ_TEST_STORE_PASSWORD: "qwerty",
    GATEWAY_CALLS_PER_SECOND: "1000",
  };
}
