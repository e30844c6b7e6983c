import { openNats } from "@oi/platform/events/nats-link";
import { startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase, pingDatabase } from "@oi/platform/postgres/client";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { type MountedService, mountService } from "@oi/platform/rpc/service";
import { systemClock } from "@oi/platform/service/clock";
import { Health } from "@oi/platform/service/health";
import { systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { eventParked } from "./adapters/events/event-parked.ts";
import { type PaymentsConsumerOptions, startPaymentsConsumer } from "./adapters/events/payments-consumer.ts";
import { nodeSha256 } from "./adapters/node/sha256.ts";
import { postgresBooks } from "./adapters/postgres/books.ts";
import { postgresParkedEvents } from "./adapters/postgres/parked-events.ts";
import { postgresPostings } from "./adapters/postgres/postings.ts";
import { postgresLedgerReads } from "./adapters/postgres/reads.ts";
import { ledgerService } from "./adapters/rpc/ledger-service.ts";
import { getBalance } from "./application/get-balance.ts";
import { getTrialBalance } from "./application/get-trial-balance.ts";
import { listAccounts } from "./application/list-accounts.ts";
import { listTransactions } from "./application/list-transactions.ts";
import { recordFacts } from "./application/record-facts.ts";
import type { LedgerConfig } from "./config.ts";

const SERVICE = "ledger";
/** Posting and reading have pools of their own, so that neither can starve the other. */
const POSTING_CONNECTIONS = 4;

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
  const posting = open("posting", POSTING_CONNECTIONS);
  const reading = open("reading");
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
  const rpc = stack.use(
    await startRpcServer({
      services: [ledgerReads(reading, log)],
      health: new Health([{ name: "database", check: () => pingDatabase(probe) }]),
      ...config.rpc,
    }),
  );
  stack.use(startPaymentsConsumer({ link, ...config.consumer, ...recording(posting), log }));
  log.info({ grpc: rpc.grpcAddress, json: rpc.jsonUrl }, "ready");
  const running = stack.move();
  return { rpc, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function ledgerReads(database: Database, log: Logger): MountedService {
  const reads = postgresLedgerReads(database);
  const useCases = {
    getBalance: getBalance({ reads }),
    listAccounts: listAccounts({ reads }),
    listTransactions: listTransactions({ reads }),
    getTrialBalance: getTrialBalance({ reads }),
  };
  return mountService(LedgerService, ledgerService(useCases), log);
}

function recording(
  database: Database,
): Pick<PaymentsConsumerOptions, "recordFacts" | "parkedEvents" | "sha256"> {
  const sha256 = nodeSha256;
  const announce = eventParked({ clock: systemClock(), random: systemRandom() });
  const parkedEvents = postgresParkedEvents(database, { announce });
  const ports = {
    books: postgresBooks(database),
    postings: postgresPostings(database),
    parkedEvents,
    sha256,
  };
  return { recordFacts: recordFacts(ports), parkedEvents, sha256 };
}
