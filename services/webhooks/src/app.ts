import { randomUUID } from "node:crypto";
import { startConsumer } from "@oi/platform/events/consumer";
import { openNats } from "@oi/platform/events/nats-link";
import { startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { type DatabaseClock, databaseClock } from "@oi/platform/postgres/clock";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { databaseCheck } from "@oi/platform/postgres/readiness";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import type { MountedService } from "@oi/platform/rpc/service";
import { armFailpoint, failpoint } from "@oi/platform/service/failpoint";
import { Health } from "@oi/platform/service/health";
import { newEventId, systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { doctorCodec } from "./adapters/crypto/doctor-codec.ts";
import { aesSecretBox } from "./adapters/crypto/secret-box.ts";
import { hmacSigner } from "./adapters/crypto/webhook-signer.ts";
import { encodeNotice } from "./adapters/events/encode-notice.ts";
import { createEventHandler, type EventHandler } from "./adapters/events/event-handler.ts";
import { createRetryParked } from "./adapters/events/retry-parked.ts";
import { createEgress } from "./adapters/http/egress.ts";
import { loggedSender } from "./adapters/http/logged-sender.ts";
import { postgresAdminStores } from "./adapters/postgres/admin-stores.ts";
import { postgresDeliveryQueue } from "./adapters/postgres/delivery-queue.ts";
import { requireKeks } from "./adapters/postgres/endpoint-store.ts";
import { postgresEventInbox } from "./adapters/postgres/event-inbox.ts";
import { keepHouse } from "./adapters/postgres/repair-deliveries.ts";
import { postgresSecretShelf } from "./adapters/postgres/secret-shelf.ts";
import { mountServices } from "./adapters/rpc/mount.ts";
import { type DispatchLoops, startDispatchLoops } from "./adapters/worker/dispatch-loops.ts";
import { withFanoutFailpoints, withQueueFailpoints } from "./adapters/worker/failpoints.ts";
import { createAcceptEvents } from "./application/accept-events.ts";
import { createAttemptDelivery, type Rules } from "./application/attempt-delivery.ts";
import { createChangeTarget } from "./application/change-target.ts";
import { createReapDeliveries } from "./application/reap-deliveries.ts";
import { createRewrapSecrets } from "./application/rewrap-secrets.ts";
import { createUseCases } from "./application/use-cases.ts";
import type { WebhooksConfig } from "./config.ts";

export type App = AsyncDisposable & { readonly rpc: RpcServer };
export type Overrides = { readonly log?: Logger };

const STREAM = "PAYMENTS";
const DURABLE = "webhooks";
const SIDE_POOL = 4;
/** The claim waits for nobody: another process that holds its lock for long is simply given the turn. */
const CLAIM_LOCK_TIMEOUT_MS = 500;

function createRules({ timeScale }: WebhooksConfig): Rules {
  const random = systemRandom();
  return { timeScale, chance: Math.random, nextEventId: (now) => newEventId(random, now) };
}

function createServices(
  database: Database,
  config: WebhooksConfig,
  parts: { readonly handler: EventHandler; readonly clock: DatabaseClock; readonly wake: () => void },
  log: Logger,
): readonly MountedService[] {
  const stores = postgresAdminStores(database);
  const useCases = createUseCases({
    ...stores,
    policy: createEgress(config.egress).targets,
    secretBox: aesSecretBox(config.keks),
    signer: hmacSigner(systemRandom()),
    codec: doctorCodec,
    nextEventId: createRules(config).nextEventId,
    now: parts.clock.now,
    onDue: parts.wake,
  });
  const retryParked = createRetryParked({ ...stores, ...parts });
  const reads = { ...stores, retryParked, pageTokens: pageTokens(config.pageTokenKey) };
  return mountServices(useCases, reads, log);
}

function startDispatching(side: Database, config: WebhooksConfig, log: Logger): DispatchLoops {
  const { dispatch, timeScale } = config;
  const { deadlineMs, hostCap, reapEveryMs, ...limits } = dispatch;
  const queue = withQueueFailpoints(postgresDeliveryQueue(side, { encode: encodeNotice, timeScale }));
  const rules = createRules(config);
  const stopwatch = { elapsedMs: () => performance.now() };
  const secretBox = aesSecretBox(config.keks);
  const sender = createEgress(config.egress).openSender({
    deadlineMs,
    connectionsPerHost: hostCap,
    onBodySent: () => void failpoint("dispatch.bytes_sent"),
  });
  const attempt = createAttemptDelivery({
    ...rules,
    sender: loggedSender(sender, log),
    secretBox,
    signer: hmacSigner(systemRandom()),
    stopwatch,
  });
  return startDispatchLoops({
    queue,
    attempt,
    stopwatch,
    limits: { ...limits, hostCap, worker: randomUUID() },
    reap: createReapDeliveries({ queue, rules }),
    reapEveryMs,
    keepHouse: () => keepHouse(side),
    rewrap: createRewrapSecrets({ shelf: postgresSecretShelf(side), secretBox }),
    sender,
    log,
  });
}

function createHandler(
  database: Database,
  config: WebhooksConfig,
  onDeliveries: () => void,
  log: Logger,
): EventHandler {
  const inbox = withFanoutFailpoints(postgresEventInbox(database));
  const changeTarget = createChangeTarget({ inbox, policy: createEgress(config.egress).targets });
  return createEventHandler({ accept: createAcceptEvents(inbox), changeTarget, inbox, onDeliveries, log });
}

/** Starts the service; it is ready without NATS, and disposing drains it. Raises when the database is away. */
export async function createApp(config: WebhooksConfig, overrides: Overrides = {}): Promise<App> {
  const log = overrides.log ?? createLogger({ service: "webhooks", level: config.runtime.logLevel });
  armFailpoint(config.failpoint);
  await using stack = new AsyncDisposableStack();
  const database = stack.use(openDatabase(config.database, "webhooks"));
  const sideConfig = { ...config.database, lockTimeoutMs: CLAIM_LOCK_TIMEOUT_MS };
  const side = stack.use(openDatabase(sideConfig, "webhooks-dispatcher", SIDE_POOL));
  await requireKeks(database, config.keks);
  const link = stack.use(openNats({ url: config.nats.url, name: "webhooks" }));
  const { streamReplicas: replicas, maxAgeDays } = config.nats;
  const stream = { name: "WEBHOOKS", subjects: ["webhooks.>"], replicas, maxAgeDays };
  const outbox = postgresOutboxStore(config.database, "webhooks-relay");
  stack.use(startOutboxRelay({ store: outbox, link, stream, log }));
  const health = new Health([databaseCheck(database, config.runtime, log)]);
  const clock: DatabaseClock = stack.use(await databaseClock(database, log));
  // The loops start after the doors; until then there is nothing that they could miss.
  let loops: DispatchLoops | null = null;
  const wake = (): void => loops?.wake();
  const handler = createHandler(database, config, wake, log);
  const services = createServices(database, config, { handler, clock, wake }, log);
  const rpc = stack.use(await startRpcServer({ ...config.rpc, services, health }));
  loops = stack.use(startDispatching(side, config, log));
  const pace = { stream: STREAM, durable: DURABLE, maxAckPending: 256, ackWaitMs: config.ackWaitMs };
  stack.use(startConsumer({ ...pace, ...handler, link, log }));
  stack.defer(() => health.drain());
  const running = stack.move();
  log.info({ grpc: rpc.grpcAddress, json: rpc.jsonUrl }, "ready");
  return { rpc, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
