import { describe, expect, it } from "vitest";
import { readDatabase, readNats, readRpc, readRuntime } from "./common.ts";
import { ConfigError, type Env, readEnv } from "./env.ts";

const PORTS = { rpc: 9_101, ops: 9_201 };

/** What the doors need in production. */
const PRODUCTION = { NODE_ENV: "production", RPC_CALLERS: `front=${"t".repeat(32)}:*` };

const rpcOf = (env: Env) => readEnv(env, (read) => readRpc(read, readRuntime(read), PORTS));

describe("the doors", () => {
  it("listen on loopback, and on every address in production", () => {
    expect(rpcOf({}).host).toBe("127.0.0.1");
    expect(rpcOf(PRODUCTION).host).toBe("0.0.0.0");
    expect(rpcOf({ ...PRODUCTION, RPC_HOST: "10.0.0.1" }).host).toBe("10.0.0.1");
  });

  it("have the service's ports unless others are given; 0 lets the system choose", () => {
    expect(rpcOf({})).toMatchObject({ rpcPort: 9_101, opsPort: 9_201, drainSeconds: 30 });
    expect(rpcOf({ RPC_PORT: "0", OPS_PORT: "80", DRAIN_SECONDS: "5" })).toMatchObject({
      rpcPort: 0,
      opsPort: 80,
      drainSeconds: 5,
    });
    expect(() => rpcOf({ RPC_PORT: "65536" })).toThrow(ConfigError);
    expect(() => rpcOf({ DRAIN_SECONDS: "0" })).toThrow(ConfigError);
  });
});

describe("the database", () => {
  const databaseOf = (env: Env) => readEnv(env, (read) => readDatabase(read, "LEDGER"));

  it("is named by the service's own variable", () => {
    expect(databaseOf({ LEDGER_DATABASE_URL: "postgres://u:p@h/d" }).url).toBe("postgres://u:p@h/d");
    expect(() => databaseOf({ DATABASE_URL: "postgres://u:p@h/d" })).toThrow(
      /LEDGER_DATABASE_URL: is required/,
    );
  });

  it("waits for nothing without a limit", () => {
    const config = databaseOf({ LEDGER_DATABASE_URL: "postgresql://h/d" });
    expect(config).toEqual({
      url: "postgresql://h/d",
      poolMax: 10,
      waitMax: 512,
      connectTimeoutMs: 2_000,
      statementTimeoutMs: 5_000,
      lockTimeoutMs: 2_000,
      idleTransactionTimeoutMs: 5_000,
    });
    expect(() => databaseOf({ LEDGER_DATABASE_URL: "postgres://h/d", DB_POOL_MAX: "0" })).toThrow(/from 1/);
    expect(() => databaseOf({ LEDGER_DATABASE_URL: "postgres://h/d", DB_STATEMENT_TIMEOUT_MS: "0" })).toThrow(
      /from 100/,
    );
  });
});

it("reads where NATS is and how it keeps events", () => {
  const natsOf = (env: Env) => readEnv(env, readNats);
  expect(natsOf({ NATS_URL: "tls://u:p@nats:4222" })).toEqual({
    url: "tls://u:p@nats:4222",
    streamReplicas: 1,
    maxAgeDays: 7,
  });
  expect(() => natsOf({ NATS_URL: "http://u:topsecret@nats" })).toThrow(/nats:\/\/ or tls:\/\//);
  expect(() => natsOf({ NATS_URL: "nats://nats", NATS_STREAM_REPLICAS: "6" })).toThrow(ConfigError);
});

it("logs at info, and knows production by NODE_ENV alone", () => {
  expect(readEnv({}, readRuntime)).toEqual({ production: false, logLevel: "info" });
  expect(readEnv({ NODE_ENV: "production", LOG_LEVEL: "warn" }, readRuntime)).toEqual({
    production: true,
    logLevel: "warn",
  });
  expect(() => readEnv({ LOG_LEVEL: "verbose" }, readRuntime)).toThrow(/LOG_LEVEL/);
});
