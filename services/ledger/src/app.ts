import { setTimeout as pause } from "node:timers/promises";
import { openNats } from "@oi/platform/events/nats-link";
import { startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { databaseCheck } from "@oi/platform/postgres/readiness";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { systemClock } from "@oi/platform/service/clock";
import { armFailpoint } from "@oi/platform/service/failpoint";
import { Health } from "@oi/platform/service/health";
import { systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { announcements } from "./adapters/events/announcements.ts";
import { startPaymentsConsumer } from "./adapters/events/payments-consumer.ts";
import { readEvent } from "./adapters/events/read-event.ts";
import { nodeSha256, sha256Stream } from "./adapters/node/sha256.ts";
import { postgresAdjustments } from "./adapters/postgres/adjustments.ts";
import { postgresBooks } from "./adapters/postgres/books.ts";
import { postgresIntegrityAlarms } from "./adapters/postgres/integrity-alarms.ts";
import { groupCommit } from "./adapters/postgres/lane.ts";
import { postgresParkedEvents } from "./adapters/postgres/parked-events.ts";
import { postgresPostings } from "./adapters/postgres/postings.ts";
import { postgresLedgerReads } from "./adapters/postgres/reads.ts";
import { postgresRetention } from "./adapters/postgres/retention.ts";
import { postgresSnapshots } from "./adapters/postgres/snapshots.ts";
import { mountLedger } from "./adapters/rpc/mount.ts";
import { withFailpoints } from "./adapters/worker/failpoints.ts";
import { startHouseKeeping } from "./adapters/worker/house-keeping.ts";
import { useCases } from "./application/use-cases.ts";
import type { LedgerConfig } from "./config.ts";

const SERVICE = "ledger";
const SNAPSHOTS = 2;

export type LedgerApp = AsyncDisposable & { readonly rpc: RpcServer };

/**
 * Starts the service. It needs neither NATS nor the database to start: both are reached for until they answer, and it
 * is ready as long as the database is. Disposing stops the consumer, drains the doors, then closes what they used.
 */
export async function createApp(
  config: LedgerConfig,
  overrides: { readonly log?: Logger } = {},
): Promise<LedgerApp> {
  armFailpoint(config.failpoint);
  const log = overrides.log ?? createLogger({ service: SERVICE, level: config.runtime.logLevel });
  await using stack = new AsyncDisposableStack();
  const open = (name: string, max?: number): Database =>
    stack.use(openDatabase(config.database, `${SERVICE} ${name}`, max));
  const probe = open("health", 1);
  const link = stack.use(openNats({ url: config.nats.url, name: SERVICE }));
  stack.use(
    startOutboxRelay({
      store: postgresOutboxStore(config.database, `${SERVICE} relay`),
      link,
      stream: {
        name: "LEDGER",
        subjects: ["ledger.>"],
        replicas: config.nats.streamReplicas,
        maxAgeDays: config.nats.maxAgeDays,
      },
      log,
    }),
  );
  const ports = openPorts(config, open);
  const cases = useCases(ports);
  const tokens = pageTokens(config.pageTokenKey);
  const rpc = stack.use(
    await startRpcServer({
      services: mountLedger({ ...ports, ...cases, pageTokens: tokens }, log),
      health: new Health([databaseCheck(probe, config.runtime, log)]),
      ...config.rpc,
    }),
  );
  stack.use(startHouseKeeping({ ...ports, ...cases, log }));
  const { recordFacts } = cases;
  stack.use(startPaymentsConsumer({ ...ports, ...config.consumer, recordFacts, link, log }));
  // Disposed first: from then on nobody waits for a database that is away.
  stack.use(ports.postings);
  log.info({ grpc: rpc.grpcAddress, json: rpc.jsonUrl }, "ready");
  const running = stack.move();
  return { rpc, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Posting, reading, proving and parking have pools of their own, so that none can starve the others. */
function openPorts(config: LedgerConfig, open: (name: string, max?: number) => Database) {
  const { lanes, queueMax } = config.lane;
  const reading = open("reading");
  const keeping = open("keeping", 4);
  const events = announcements({ clock: systemClock(), random: systemRandom() });
  const posting = postgresPostings(open("posting", lanes), { announce: events.posted });
  return {
    postings: groupCommit(config.failpoint ? withFailpoints(posting) : posting, { lanes, queueMax, pause }),
    books: postgresBooks(keeping),
    parkedEvents: postgresParkedEvents(keeping, { announce: events.parked }),
    alarms: postgresIntegrityAlarms(keeping, { announce: events.broken }),
    adjustments: postgresAdjustments(keeping),
    retention: postgresRetention(keeping),
    reads: postgresLedgerReads(reading),
    snapshots: postgresSnapshots(open("proof", SNAPSHOTS), SNAPSHOTS),
    sha256: nodeSha256,
    now: () => systemClock().now(),
    read: (event: Parameters<typeof readEvent>[0]) => readEvent(event, nodeSha256),
    hashStream: sha256Stream,
  };
}
