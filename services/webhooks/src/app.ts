import { randomUUID } from "node:crypto";
import { startConsumer } from "@oi/platform/events/consumer";
import { type NatsLink, openNats } from "@oi/platform/events/nats-link";
import { startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase, pingDatabase } from "@oi/platform/postgres/client";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { type MountedService, mountService } from "@oi/platform/rpc/service";
import { Health } from "@oi/platform/service/health";
import { newEventId, systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import { aesSecretBox } from "./adapters/crypto/secret-box.ts";
import { hmacSigner } from "./adapters/crypto/webhook-signer.ts";
import { encodeParked } from "./adapters/events/encode-parked.ts";
import { createEventHandler } from "./adapters/events/event-handler.ts";
import { createAddressPolicy } from "./adapters/http/address-policy.ts";
import { loggedSender } from "./adapters/http/logged-sender.ts";
import { createTargetPolicy } from "./adapters/http/target-policy.ts";
import { undiciSender } from "./adapters/http/webhook-sender.ts";
import { postgresDeliveryLog } from "./adapters/postgres/delivery-log.ts";
import { postgresDeliveryQueue } from "./adapters/postgres/delivery-queue.ts";
import { postgresEndpointStore, storedKekIds } from "./adapters/postgres/endpoint-store.ts";
import { postgresEventInbox } from "./adapters/postgres/event-inbox.ts";
import { ensureAttemptPartitions } from "./adapters/postgres/repair-deliveries.ts";
import { deliveriesService } from "./adapters/rpc/deliveries-service.ts";
import { endpointsService } from "./adapters/rpc/endpoints-service.ts";
import { type DispatchLoops, startDispatchLoops } from "./adapters/worker/dispatch-loops.ts";
import { createAcceptEvents } from "./application/accept-events.ts";
import { createAttemptDelivery, type Rules } from "./application/attempt-delivery.ts";
import { createChangeTarget } from "./application/change-target.ts";
import { createEnsureDefaultEndpoints } from "./application/ensure-default-endpoints.ts";
import { createGetDelivery } from "./application/get-delivery.ts";
import { createReapDeliveries } from "./application/reap-deliveries.ts";
import type { WebhooksConfig } from "./config.ts";

export type App = AsyncDisposable & { readonly rpc: RpcServer };
export type Overrides = { readonly log?: Logger };

const STREAM = "PAYMENTS";
const DURABLE = "webhooks";
const SIDE_POOL = 4;
/** The claim waits for nobody: another process that holds its lock for long is simply given the turn. */
const CLAIM_LOCK_TIMEOUT_MS = 500;

/** Refuses to start when a stored secret could not be opened: its endpoint would fail in silence. */
async function requireKeks(database: Database, { keks }: WebhooksConfig): Promise<void> {
  const known = new Set(keks.map(({ id }) => id));
  const missing = (await storedKekIds(database)).filter((id) => !known.has(id));
  if (missing.length > 0)
    throw new Error(`WEBHOOKS_KEKS lacks keys that stored secrets need: ${missing.join(", ")}`);
}

function createRules({ timeScale }: WebhooksConfig): Rules {
  const random = systemRandom();
  return { timeScale, chance: Math.random, nextEventId: (now) => newEventId(random, now) };
}

function createServices(database: Database, config: WebhooksConfig, log: Logger): readonly MountedService[] {
  const endpoints = postgresEndpointStore(database);
  const deliveries = postgresDeliveryLog(database);
  const ensureDefaults = createEnsureDefaultEndpoints({
    endpoints,
    policy: createTargetPolicy(createAddressPolicy(config.egressAllowCidrs)),
    secretBox: aesSecretBox(config.keks),
    signer: hmacSigner(systemRandom()),
  });
  const getDelivery = createGetDelivery(deliveries);
  return [
    mountService(EndpointsService, endpointsService({ ensureDefaults, endpoints }), log),
    mountService(DeliveriesService, deliveriesService({ getDelivery, deliveries }), log),
  ];
}

function startDispatching(side: Database, config: WebhooksConfig, log: Logger): DispatchLoops {
  const { dispatch, egressAllowCidrs } = config;
  const { deadlineMs, hostCap, ...limits } = dispatch;
  const queue = postgresDeliveryQueue(side, encodeParked);
  const rules = createRules(config);
  const stopwatch = { elapsedMs: () => performance.now() };
  const sender = undiciSender({
    policy: createAddressPolicy(egressAllowCidrs),
    deadlineMs,
    connectionsPerHost: hostCap,
  });
  const attempt = createAttemptDelivery({
    ...rules,
    sender: loggedSender(sender, log),
    secretBox: aesSecretBox(config.keks),
    signer: hmacSigner(systemRandom()),
    stopwatch,
  });
  return startDispatchLoops({
    queue,
    attempt,
    stopwatch,
    limits: { ...limits, hostCap, worker: randomUUID() },
    reap: createReapDeliveries({ queue, rules }),
    ensurePartitions: () => ensureAttemptPartitions(side),
    sender,
    log,
  });
}

function startConsuming(
  database: Database,
  config: WebhooksConfig,
  { link, loops, log }: { readonly link: NatsLink; readonly loops: DispatchLoops; readonly log: Logger },
): AsyncDisposable {
  const inbox = postgresEventInbox(database);
  const policy = createTargetPolicy(createAddressPolicy(config.egressAllowCidrs));
  const handler = createEventHandler({
    accept: createAcceptEvents(inbox),
    changeTarget: createChangeTarget({ inbox, policy }),
    inbox,
    onDeliveries: loops.wake,
    log,
  });
  const pace = { stream: STREAM, durable: DURABLE, maxAckPending: 256, ackWaitMs: 30_000 };
  return startConsumer({ ...pace, ...handler, link, log });
}

/** Starts the service; it is ready without NATS, and disposing drains it. Raises when the database is away. */
export async function createApp(config: WebhooksConfig, overrides: Overrides = {}): Promise<App> {
  const log = overrides.log ?? createLogger({ service: "webhooks", level: config.runtime.logLevel });
  await using stack = new AsyncDisposableStack();
  const database = stack.use(openDatabase(config.database, "webhooks"));
  const sideConfig = { ...config.database, lockTimeoutMs: CLAIM_LOCK_TIMEOUT_MS };
  const side = stack.use(openDatabase(sideConfig, "webhooks-dispatcher", SIDE_POOL));
  await requireKeks(database, config);
  const link = stack.use(openNats({ url: config.nats.url, name: "webhooks" }));
  const { streamReplicas: replicas, maxAgeDays } = config.nats;
  const stream = { name: "WEBHOOKS", subjects: ["webhooks.>"], replicas, maxAgeDays };
  const outbox = postgresOutboxStore(config.database, "webhooks-relay");
  stack.use(startOutboxRelay({ store: outbox, link, stream, log }));
  const health = new Health([{ name: "database", check: () => pingDatabase(database) }]);
  const services = createServices(database, config, log);
  const rpc = stack.use(await startRpcServer({ ...config.rpc, services, health }));
  const loops = stack.use(startDispatching(side, config, log));
  stack.use(startConsuming(database, config, { link, loops, log }));
  stack.defer(() => health.drain());
  const running = stack.move();
  log.info({ grpc: rpc.grpcAddress, json: rpc.jsonUrl }, "ready");
  return { rpc, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
