import { setTimeout as pause } from "node:timers/promises";
import { openNats } from "@oi/platform/events/nats-link";
import { startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase, pingDatabase } from "@oi/platform/postgres/client";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { type MountedService, mountService } from "@oi/platform/rpc/service";
import { systemClock } from "@oi/platform/service/clock";
import { Health } from "@oi/platform/service/health";
import { startLoop } from "@oi/platform/service/loop";
import { systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { AdjustmentsService } from "@oi/proto/ledger/v1/adjustments_service";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
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
import { postgresSnapshots } from "./adapters/postgres/snapshots.ts";
import { adjustmentsService } from "./adapters/rpc/adjustments-service.ts";
import { ledgerService } from "./adapters/rpc/ledger-service.ts";
import {
  approveAdjustment,
  declineAdjustment,
  proposeAdjustment,
  sweepAdjustments,
} from "./application/adjust.ts";
import { exportBook } from "./application/export-book.ts";
import { getBalance } from "./application/get-balance.ts";
import { getStatement } from "./application/get-statement.ts";
import { getTrialBalance } from "./application/get-trial-balance.ts";
import { listAccounts } from "./application/list-accounts.ts";
import { listOpenItems } from "./application/list-open-items.ts";
import { listTransactions } from "./application/list-transactions.ts";
import { recordFacts } from "./application/record-facts.ts";
import { retryParkedEvent } from "./application/retry-parked-event.ts";
import { verifyBook } from "./application/verify-book.ts";
import type { LedgerConfig } from "./config.ts";

const SERVICE = "ledger";
const SNAPSHOTS = 2;
const SWEEP_MS = 15_000;

export type LedgerApp = AsyncDisposable & { readonly rpc: RpcServer };

/**
 * Starts the service. It needs neither NATS nor the database to start: both are reached for until they answer, and it
 * is ready as long as the database is. Disposing stops the consumer, drains the doors, then closes what they used.
 */
export async function createApp(
  config: LedgerConfig,
  overrides: { readonly log?: Logger } = {},
): Promise<LedgerApp> {
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
  const rpc = stack.use(
    await startRpcServer({
      services: mountServices(ports, log),
      health: new Health([{ name: "database", check: () => pingDatabase(probe) }]),
      ...config.rpc,
    }),
  );
  const sweep = sweepAdjustments(ports);
  const work = async (): Promise<"idle"> => {
    const { finished, expired } = await sweep();
    if (finished + expired > 0) log.info({ finished, expired }, "adjustments swept");
    return "idle";
  };
  stack.use(startLoop({ name: "adjustments", everyMs: SWEEP_MS, log, work }));
  const consumer = { recordFacts: recordFacts(ports), parkedEvents: ports.parkedEvents, sha256: nodeSha256 };
  stack.use(startPaymentsConsumer({ link, ...config.consumer, ...consumer, log }));
  // Disposed first: from then on nobody waits for a database that is away.
  stack.use(ports.postings);
  log.info({ grpc: rpc.grpcAddress, json: rpc.jsonUrl }, "ready");
  const running = stack.move();
  return { rpc, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Posting, reading, proving and parking have pools of their own, so that none can starve the others. */
function openPorts(config: LedgerConfig, open: (name: string, max?: number) => Database) {
  const { lanes, queueMax } = config.lane;
  const posting = open("posting", lanes);
  const reading = open("reading");
  const keeping = open("keeping", 4);
  const events = announcements({ clock: systemClock(), random: systemRandom() });
  return {
    postings: groupCommit(postgresPostings(posting, { announce: events.posted }), { lanes, queueMax, pause }),
    books: postgresBooks(keeping),
    parkedEvents: postgresParkedEvents(keeping, { announce: events.parked }),
    alarms: postgresIntegrityAlarms(keeping, { announce: events.broken }),
    adjustments: postgresAdjustments(keeping),
    reads: postgresLedgerReads(reading),
    snapshots: postgresSnapshots(open("proof", SNAPSHOTS), SNAPSHOTS),
    sha256: nodeSha256,
    now: () => systemClock().now(),
    read: (event: Parameters<typeof readEvent>[0]) => readEvent(event, nodeSha256),
    hashStream: sha256Stream,
  };
}

function mountServices(ports: ReturnType<typeof openPorts>, log: Logger): readonly MountedService[] {
  const reading = {
    ...ports,
    getBalance: getBalance(ports),
    getStatement: getStatement(ports),
    listAccounts: listAccounts(ports),
    listOpenItems: listOpenItems(ports),
    listTransactions: listTransactions(ports),
    getTrialBalance: getTrialBalance(ports),
    verifyBook: verifyBook(ports),
    exportBook: exportBook(ports),
    retryParkedEvent: retryParkedEvent(ports),
  };
  const adjusting = {
    ...ports,
    propose: proposeAdjustment(ports),
    approve: approveAdjustment(ports),
    decline: declineAdjustment(ports),
  };
  return [
    mountService(LedgerService, ledgerService(reading), log),
    mountService(AdjustmentsService, adjustmentsService(adjusting), log),
  ];
}
