import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { type Logger, silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import { testNats } from "@oi/testkit/nats";
import postgres from "postgres";
import { Webhook } from "standardwebhooks";
import { type App, createApp } from "../app.ts";
import { openDatabase, startProducer, testConfig } from "./running-app.ts";
import type { Received } from "./sink.ts";

type Env = Readonly<Record<string, string>>;

function shopsOf(app: App) {
  let applications = 0;
  /** A new application with its default endpoints, through the doors of `at`. */
  const register = async (url?: string, at = app) => {
    applications += 1;
    const applicationId = applications;
    const scope = { applicationId: BigInt(applicationId), mode: Mode.TEST };
    const transport = inMemoryTransport(at.rpc.services);
    const endpoints = rpcClient(EndpointsService, transport);
    const deliveries = rpcClient(DeliveriesService, transport);
    const about = { ...scope, applicationVersion: 1n, ...(url ? { url } : {}) };
    const made = await endpoints.ensureDefaultEndpoints(about);
    return {
      applicationId,
      scope,
      endpoints,
      deliveries,
      endpointId: made.endpoints[0]?.id ?? 0n,
      secret: made.secret ?? "",
      endpoint: async () => (await endpoints.listEndpoints(scope)).endpoints[0],
      list: async () => (await deliveries.listDeliveries(scope)).deliveries,
    };
  };
  return { register, registered: () => applications };
}

/** The service in this process with a database and a broker of its own, and what stands around it. */
export async function openServiceWorld(env: Env = {}, log: Logger = silentLogger()) {
  await using opened = new AsyncDisposableStack();
  const [database, nats] = await Promise.all([openDatabase(), testNats()]);
  opened.use(database);
  opened.use(nats);
  const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} });
  opened.defer(() => admin.end());
  const producer = opened.use(startProducer(nats.url));
  /** One more process over the same database, or over what `change` names. */
  const start = (change: Env = {}): Promise<App> => {
    const own = { WEBHOOKS_DATABASE_URL: database.url, NATS_URL: nats.url };
    return createApp(testConfig({ ...own, ...env, ...change }), { log });
  };
  const app = opened.use(await start());
  const all = opened.move();
  return {
    nats,
    admin,
    producer,
    start,
    ...shopsOf(app),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

export type ServiceWorld = Awaited<ReturnType<typeof openServiceWorld>>;

/** What the independent library makes of a request; it throws when it is not signed with the secret. */
export function verify(secret: string, { body, headers }: Received): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>);
}
