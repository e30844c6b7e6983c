import { type Failpoint, parseFailpoint } from "../service/failpoint.ts";
import { type CallerConfig, readCallers } from "./callers.ts";
import type { EnvReader } from "./env.ts";

export type RpcConfig = {
  readonly host: string;
  readonly rpcPort: number;
  readonly opsPort: number;
  readonly drainSeconds: number;
  /** Null trusts the machine itself and nobody else. */
  readonly callers: readonly CallerConfig[] | null;
  readonly deadlineRequired: boolean;
  /** Whether the gRPC door explains its contracts. */
  readonly reflection: boolean;
  /** Whether the services answer JSON on the ops port, beside the probes. */
  readonly json: boolean;
};

export type DatabaseConfig = {
  readonly url: string;
  readonly poolMax: number;
  readonly waitMax: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
};

export type NatsConfig = {
  readonly url: string;
  readonly streamReplicas: number;
  readonly maxAgeDays: number;
};

export type RuntimeConfig = {
  readonly production: boolean;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "silent";
};

export function readRuntime(read: EnvReader): RuntimeConfig {
  return {
    production: read.optionalText("NODE_ENV") === "production",
    logLevel: read.choice("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "silent"], "info"),
  };
}

/** In production every service is alone on its host: the same ports everywhere, on every address. */
const PRODUCTION_PORTS = { rpc: 9090, ops: 9464 };

/** `ports` are the service's own on a shared laptop, where doors listen on loopback only. */
export function readRpc(
  read: EnvReader,
  runtime: RuntimeConfig,
  ports: { rpc: number; ops: number },
): RpcConfig {
  const standard = runtime.production ? PRODUCTION_PORTS : ports;
  return {
    host: read.text("RPC_HOST", runtime.production ? "0.0.0.0" : "127.0.0.1"),
    rpcPort: read.integer("RPC_PORT", standard.rpc, { min: 0, max: 65_535 }),
    opsPort: read.integer("OPS_PORT", standard.ops, { min: 0, max: 65_535 }),
    drainSeconds: read.integer("DRAIN_SECONDS", 30, { min: 1, max: 600 }),
    callers: readCallers(read, runtime.production),
    deadlineRequired: runtime.production,
    reflection: read.flag("RPC_REFLECTION", true),
    json: read.flag("RPC_JSON", !runtime.production),
  };
}

/**
 * More than the edge lets through at once from the gateway's address (400 notifications, which nobody sends again), and
 * no more than a pool of ten does in the second that work may wait. At 64 KiB each, those who wait hold 32 MiB.
 */
const DEFAULT_WAIT_MAX = 512;

/** `prefix` is the service's name in upper case, as in `PAYMENTS_DATABASE_URL`. */
export function readDatabase(read: EnvReader, prefix: string): DatabaseConfig {
  return {
    url: read.url(`${prefix}_DATABASE_URL`, ["postgres", "postgresql"]),
    poolMax: read.integer("DB_POOL_MAX", 10, { min: 1, max: 500 }),
    waitMax: read.integer("DB_WAIT_MAX", DEFAULT_WAIT_MAX, { min: 1, max: 10_000 }),
    connectTimeoutMs: read.integer("DB_CONNECT_TIMEOUT_MS", 2_000, { min: 100, max: 60_000 }),
    statementTimeoutMs: read.integer("DB_STATEMENT_TIMEOUT_MS", 5_000, { min: 100, max: 600_000 }),
    lockTimeoutMs: read.integer("DB_LOCK_TIMEOUT_MS", 2_000, { min: 10, max: 600_000 }),
    idleTransactionTimeoutMs: read.integer("DB_IDLE_TX_TIMEOUT_MS", 5_000, { min: 100, max: 600_000 }),
  };
}

export function readNats(read: EnvReader): NatsConfig {
  return {
    url: read.url("NATS_URL", ["nats", "tls"]),
    streamReplicas: read.integer("NATS_STREAM_REPLICAS", 1, { min: 1, max: 5 }),
    maxAgeDays: read.integer("NATS_MAX_AGE_DAYS", 7, { min: 1, max: 365 }),
  };
}

/** Where tests make the process fail; null outside them. */
export function readFailpoint(read: EnvReader, { production }: RuntimeConfig): Failpoint | null {
  const text = read.optionalText("FAILPOINT");
  if (text === undefined) return null;
  if (production) read.problem("FAILPOINT: must not be set in production");
  const failpoint = parseFailpoint(text);
  if (!failpoint) read.problem("FAILPOINT: must be name[:nth][:kill|throw|stall=ms]");
  return failpoint;
}
