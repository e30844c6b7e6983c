import { ConfigError } from "@oi/platform/config/env";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

test("runs alone on a laptop without any variable", () => {
  expect(readConfig({})).toMatchObject({
    http: {
      host: "127.0.0.1",
      port: 8080,
      opsPort: 9200,
      publicUrl: null,
      trustedProxyHops: 0,
      drainSeconds: 30,
    },
    rpc: { payments: "127.0.0.1:9101", ledger: "127.0.0.1:9102", webhooks: "127.0.0.1:9103" },
    credentialCacheSeconds: 5,
    checkoutLanguage: "bn",
  });
});

const PRODUCTION = {
  NODE_ENV: "production",
  PUBLIC_URL: "https://pay.example/base/",
  PAYMENTS_RPC_URL: "dns:///payments-headless:9090",
  LEDGER_RPC_URL: "dns:///ledger-headless:9090",
  WEBHOOKS_RPC_URL: "[::1]:9090",
  RPC_TOKEN: "t".repeat(32),
};

test("listens everywhere and behind one proxy in production", () => {
  const { http } = readConfig(PRODUCTION);
  expect(http).toMatchObject({ host: "0.0.0.0", publicUrl: "https://pay.example/base", trustedProxyHops: 1 });
  expect(readConfig({ ...PRODUCTION, EDGE_HOST: "10.0.0.7" }).http.host).toBe("10.0.0.7");
});

test("limits every client in production as the documentation says", () => {
  const { http, rates } = readConfig({ ...PRODUCTION, TRUSTED_PROXY_HOPS: "0" });
  expect(http.limits).toEqual({
    headersTimeoutMs: 5_000,
    requestTimeoutMs: 15_000,
    connectionCheckMs: 1_000,
    keepAliveTimeoutMs: 65_000,
    stalledTimeoutMs: 30_000,
    maxConnections: 10_000,
    maxConnectionsPerAddress: 500,
    maxRequestsPerConnection: 1_000,
    maxHeaders: 64,
    maxHeaderBytes: 16_384,
    maxBodyBytes: 65_536,
  });
  expect(http.live).toEqual({ maxStreams: 5_000, heartbeatMs: 15_000, lifetimeMs: 600_000 });
  expect(rates).toEqual({
    credential: { perSecond: 100, burst: 200 },
    address: { perSecond: 20, burst: 40 },
    customer: { perSecond: 200, burst: 400 },
    gateway: { perSecond: 200, burst: 400 },
    refund: { perSecond: 10, burst: 20 },
    keyFailure: { perSecond: 10 / 60, burst: 10 },
    addressFailure: { perSecond: 10 / 60, burst: 10 },
  });
  expect(readConfig(PRODUCTION).http.limits.maxConnectionsPerAddress).toBe(0);
});

test("is a hundred times more patient elsewhere, unless a variable says otherwise", () => {
  expect(readConfig({}).rates.credential).toEqual({ perSecond: 10_000, burst: 20_000 });
  expect(readConfig({}).rates.keyFailure.burst).toBe(1_000);
  const env = { RATE_LIMIT_RPS: "7", RATE_LIMIT_ADDRESS_RPS: "3", RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: "6" };
  expect(readConfig(env).rates).toMatchObject({
    credential: { perSecond: 7, burst: 14 },
    address: { perSecond: 3, burst: 6 },
    customer: { perSecond: 30, burst: 60 },
    addressFailure: { perSecond: 0.1, burst: 6 },
  });
  expect(readConfig({ RATE_LIMIT_BURST: "9", RATE_LIMIT_REFUND_RPS: "1" }).rates).toMatchObject({
    credential: { perSecond: 10_000, burst: 9 },
    refund: { perSecond: 1, burst: 2 },
  });
});

test("knows its own hosts", () => {
  const hosts = (env: Record<string, string>) => readConfig(env).http.allowedHosts;
  expect(hosts({})).toEqual(["localhost", "127.0.0.1", "[::1]"]);
  expect(hosts({ PUBLIC_URL: "http://Laptop:8080", ALLOWED_HOSTS: "a.example, B.example" })).toEqual([
    "localhost",
    "127.0.0.1",
    "[::1]",
    "laptop",
    "a.example",
    "b.example",
  ]);
  expect(hosts(PRODUCTION)).toEqual(["pay.example"]);
  expect(hosts({ ...PRODUCTION, ALLOWED_HOSTS: "api.pay.example" })).toEqual(["api.pay.example"]);
});

test("names everything that production lacks at once", () => {
  let problems: readonly string[] = [];
  try {
    readConfig({ NODE_ENV: "production" });
  } catch (error) {
    problems = error instanceof ConfigError ? error.problems : [];
  }
  const names = ["PUBLIC_URL", "PAYMENTS_RPC_URL", "LEDGER_RPC_URL", "WEBHOOKS_RPC_URL"];
  for (const name of names) expect(problems.join("\n")).toContain(`${name}: is required`);
});

test.each([
  ["PORT", "65536"],
  ["PUBLIC_URL", "ftp://x.example"],
  ["PUBLIC_URL", "https://x.example/?a=1"],
  ["PAYMENTS_RPC_URL", "http://payments:9090"],
  ["PAYMENTS_RPC_URL", "payments"],
  ["CREDENTIAL_CACHE_SECONDS", "6"],
  ["CHECKOUT_LANGUAGE", "fr"],
  ["TRUSTED_PROXY_HOPS", "-1"],
  ["ALLOWED_HOSTS", "https://pay.example"],
  ["ALLOWED_HOSTS", "pay.example:443"],
  ["ALLOWED_HOSTS", "*"],
  ["DOCS", "maybe"],
  ["CHECKOUT_SSE_MAX", "-1"],
  ["CHECKOUT_SSE_HEARTBEAT_MS", "60001"],
  ["CHECKOUT_SSE_LIFETIME_MS", "0"],
  ["RATE_LIMIT_RPS", "0"],
  ["MAX_BODY_BYTES", "0"],
  ["REQUEST_TIMEOUT_MS", "0"],
])("refuses %s=%s", (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});
