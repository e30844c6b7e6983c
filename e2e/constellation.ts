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
import {
  edgeEnvironment,
  perService,
  SERVICES,
  type ServiceDatabases,
  type ServiceName,
  type Surroundings,
  sandboxEnvironment,
  serviceEnvironment,
  usesSandbox,
} from "./environment.ts";

export type ConstellationOptions = Surroundings & {
  /** How the edge reaches the others: without a network, or through their real gRPC ports. */
  readonly transport: "memory" | "grpc";
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
  const log = options.log ?? ((service) => createLogger({ service, level: "silent" }));
  await using started = new AsyncDisposableStack();
  const sandboxUrl = usesSandbox(options)
    ? started.use(await sandbox.createApp(readSandbox(sandboxEnvironment(options)))).url
    : null;
  const env = (name: ServiceName): Env => serviceEnvironment(name, options, sandboxUrl);
  const apps = {
    payments: started.use(await payments.createApp(readPayments(env("payments")), { log: log("payments") })),
    ledger: started.use(await ledger.createApp(readLedger(env("ledger")), { log: log("ledger") })),
    webhooks: started.use(await webhooks.createApp(readWebhooks(env("webhooks")), { log: log("webhooks") })),
  };
  const transports = perService((name) => transportTo(apps[name].rpc, options.transport, started));
  const edgeEnv = edgeEnvironment(
    options,
    perService((name) => apps[name].rpc.grpcAddress),
  );
  started.use(await edge.createApp(readEdge(edgeEnv), { log: log("edge"), transports }));
  const services = perService((name) => ({
    grpc: apps[name].rpc.grpcAddress,
    http: apps[name].rpc.jsonUrl,
  }));
  const all = started.move();
  const { publicUrl } = options;
  return { publicUrl, services, transports, sandboxUrl, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function transportTo(rpc: RpcServer, kind: "memory" | "grpc", started: AsyncDisposableStack): Transport {
  return kind === "memory" ? inMemoryTransport(rpc.services) : started.use(grpcTransport(rpc.grpcAddress));
}
