import {
  type DatabaseConfig,
  type NatsConfig,
  type RpcConfig,
  type RuntimeConfig,
  readDatabase,
  readFailpoint,
  readNats,
  readRpc,
  readRuntime,
} from "@oi/platform/config/common";
import { type Env, readEnv, type Secret } from "@oi/platform/config/env";
import { readPageTokenKey } from "@oi/platform/config/page-token-key";
import type { Failpoint } from "@oi/platform/service/failpoint";

export type LedgerConfig = {
  readonly runtime: RuntimeConfig;
  readonly rpc: RpcConfig;
  readonly database: DatabaseConfig;
  /** The owner of the tables, for `migrate` alone. */
  readonly databaseOwnerUrl: string;
  readonly nats: NatsConfig;
  /** How many books are posted to at the same time, and how many postings may wait. */
  readonly lane: { readonly lanes: number; readonly queueMax: number };
  readonly consumer: { readonly maxAckPending: number; readonly ackWaitMs: number };
  readonly pageTokenKey: Secret;
  readonly failpoint: Failpoint | null;
};

/** The only reader of the environment. Raises ConfigError with every problem at once. */
export function readConfig(env: Env): LedgerConfig {
  return readEnv(env, (read) => {
    const runtime = readRuntime(read);
    const database = readDatabase(read, "LEDGER");
    return {
      runtime,
      rpc: readRpc(read, runtime, { rpc: 9102, ops: 9202 }),
      database,
      databaseOwnerUrl: read.url("LEDGER_DATABASE_OWNER_URL", ["postgres", "postgresql"], database.url),
      nats: readNats(read),
      lane: {
        lanes: read.integer("LEDGER_LANES", 4, { min: 1, max: 64 }),
        queueMax: read.integer("LEDGER_QUEUE_MAX", 10_000, { min: 100, max: 1_000_000 }),
      },
      consumer: {
        maxAckPending: read.integer("CONSUMER_MAX_ACK_PENDING", 1_000, { min: 1, max: 100_000 }),
        ackWaitMs: read.integer("CONSUMER_ACK_WAIT_MS", 30_000, { min: 100, max: 3_600_000 }),
      },
      pageTokenKey: readPageTokenKey(read, runtime.production),
      failpoint: readFailpoint(read, runtime),
    };
  });
}
