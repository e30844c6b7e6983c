import { readRpcToken } from "@oi/platform/config/callers";
import { type RuntimeConfig, readRuntime } from "@oi/platform/config/common";
import { type Env, type EnvReader, readEnv, type Secret } from "@oi/platform/config/env";
import type { LiveLimits } from "./adapters/http/checkout-event-routes.ts";
import type { HttpLimits } from "./adapters/http/http-limits.ts";
import { hostName } from "./domain/allowed-host.ts";
import { LANGUAGES, type Lang } from "./domain/language.ts";
import type { Limit, RateLimits } from "./domain/rate-limit.ts";

export type EdgeConfig = {
  readonly runtime: RuntimeConfig;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly opsPort: number;
    /** Where the world reaches this service, without a slash at the end; null = made from the port once it is bound. */
    readonly publicUrl: string | null;
    readonly trustedProxyHops: number;
    readonly drainSeconds: number;
    /** Lower case, without port. */
    readonly allowedHosts: readonly string[];
    readonly limits: HttpLimits;
    readonly live: LiveLimits;
    /** Whether the reference pages are served. */
    readonly docs: boolean;
  };
  readonly rates: RateLimits;
  /** `host:port`, `dns:///host:port` or `ipv4:a:port,b:port` of each service's gRPC door. */
  readonly rpc: {
    readonly payments: string;
    readonly ledger: string;
    readonly webhooks: string;
    /** With which the others know that it is the edge who calls. */
    readonly token: Secret | undefined;
  };
  readonly credentialCacheSeconds: number;
  readonly checkoutLanguage: Lang;
};

const RPC_ADDRESS =
  /^(dns:\/\/\/)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}$|^ipv4:[0-9.]+:\d{1,5}(,[0-9.]+:\d{1,5})*$/;

function readAddress(read: EnvReader, name: string, fallback: string | undefined): string {
  const address = read.text(name, fallback);
  if (address !== "" && !RPC_ADDRESS.test(address)) {
    read.problem(`${name}: must be host:port, dns:///host:port or ipv4:address:port,address:port`);
  }
  return address;
}

function readPublicUrl(read: EnvReader, production: boolean): string | null {
  if (!production && read.optionalText("PUBLIC_URL") === undefined) return null;
  const url = read.url("PUBLIC_URL", ["http", "https"]);
  if (/[?#]/.test(url)) read.problem("PUBLIC_URL: must have neither query nor fragment");
  return url.replace(/\/+$/, "");
}

/** Names of this machine, which nobody else can be led to. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

function readAllowedHosts(read: EnvReader, production: boolean, publicUrl: string | null): readonly string[] {
  const given = read.list("ALLOWED_HOSTS").map((entry) => {
    const name = hostName(entry);
    if (name === null || name !== entry.toLowerCase())
      read.problem(`ALLOWED_HOSTS: must be host names without port, holds "${entry}"`);
    return name ?? entry;
  });
  const own = publicUrl !== null && URL.canParse(publicUrl) ? [new URL(publicUrl).hostname] : [];
  if (production) return given.length > 0 ? given : own;
  return [...new Set([...LOCAL_HOSTS, ...own, ...given])];
}

/** Outside production nobody should meet a limit without having asked for it. */
const OUTSIDE_PRODUCTION = 100;

/** Every limit has a floor and a ceiling, so that none can be configured away. */
function readHttpLimits(read: EnvReader, production: boolean, trustedProxyHops: number): HttpLimits {
  const ms = (name: string, fallback: number) => read.integer(name, fallback, { min: 50, max: 600_000 });
  // The gateway has one address, and each of the 400 notifications that its bucket holds may come on its own connection.
  const perAddress = production ? 500 : 100 * OUTSIDE_PRODUCTION;
  return {
    headersTimeoutMs: ms("HEADERS_TIMEOUT_MS", 5_000),
    requestTimeoutMs: ms("REQUEST_TIMEOUT_MS", 15_000),
    connectionCheckMs: ms("CONNECTION_CHECK_MS", 1_000),
    keepAliveTimeoutMs: ms("KEEP_ALIVE_TIMEOUT_MS", 65_000),
    stalledTimeoutMs: ms("STALLED_TIMEOUT_MS", 30_000),
    maxConnections: read.integer("MAX_CONNECTIONS", 10_000, { min: 1, max: 1_000_000 }),
    maxConnectionsPerAddress: read.integer(
      "MAX_CONNECTIONS_PER_ADDRESS",
      trustedProxyHops > 0 ? 0 : perAddress,
      { min: 0, max: 1_000_000 },
    ),
    maxRequestsPerConnection: read.integer("MAX_REQUESTS_PER_CONNECTION", 1_000, { min: 1, max: 1_000_000 }),
    maxHeaders: read.integer("MAX_HEADERS", 64, { min: 16, max: 1_000 }),
    maxHeaderBytes: read.integer("MAX_HEADER_BYTES", 16_384, { min: 4_096, max: 262_144 }),
    maxBodyBytes: read.integer("MAX_BODY_BYTES", 65_536, { min: 4_096, max: 1_048_576 }),
  };
}

/** The heartbeat must come more often than the proxies before us give up on a quiet connection, which is a minute mostly. */
function readLiveLimits(read: EnvReader): LiveLimits {
  return {
    maxStreams: read.integer("CHECKOUT_SSE_MAX", 5_000, { min: 0, max: 1_000_000 }),
    heartbeatMs: read.integer("CHECKOUT_SSE_HEARTBEAT_MS", 15_000, { min: 50, max: 60_000 }),
    lifetimeMs: read.integer("CHECKOUT_SSE_LIFETIME_MS", 600_000, { min: 100, max: 3_600_000 }),
  };
}

/** A variable means exactly what it says; only the defaults differ outside production. */
function readRates(read: EnvReader, production: boolean): RateLimits {
  const factor = production ? 1 : OUTSIDE_PRODUCTION;
  const rate = (name: string, fallback: number) =>
    read.integer(name, fallback * factor, { min: 1, max: 10_000_000 });
  const twice = (perSecond: number): Limit => ({ perSecond, burst: 2 * perSecond });
  const rps = rate("RATE_LIMIT_RPS", 100);
  const address = rate("RATE_LIMIT_ADDRESS_RPS", 20);
  const failures = rate("RATE_LIMIT_AUTH_FAILURES_PER_MINUTE", 10);
  const failure: Limit = { perSecond: failures / 60, burst: failures };
  return {
    credential: {
      perSecond: rps,
      burst: read.integer("RATE_LIMIT_BURST", 2 * rps, { min: 1, max: 10_000_000 }),
    },
    address: twice(address),
    // A mobile carrier puts thousands of customers behind one address, and each needs a handful of requests.
    customer: twice(10 * address),
    gateway: twice(rate("RATE_LIMIT_GATEWAY_RPS", 200)),
    refund: twice(rate("RATE_LIMIT_REFUND_RPS", 10)),
    keyFailure: failure,
    addressFailure: failure,
  };
}

/** The only reader of the environment. Raises ConfigError with every problem at once. */
export function readConfig(env: Env): EdgeConfig {
  return readEnv(env, (read) => {
    const runtime = readRuntime(read);
    const { production } = runtime;
    const port = (name: string, fallback: number) => read.integer(name, fallback, { min: 0, max: 65_535 });
    const local = (address: string) => (production ? undefined : address);
    const publicUrl = readPublicUrl(read, production);
    const trustedProxyHops = read.integer("TRUSTED_PROXY_HOPS", production ? 1 : 0, { min: 0, max: 10 });
    return {
      runtime,
      http: {
        host: read.text("EDGE_HOST", production ? "0.0.0.0" : "127.0.0.1"),
        port: port("PORT", 8080),
        opsPort: port("OPS_PORT", 9200),
        publicUrl,
        trustedProxyHops,
        drainSeconds: read.integer("DRAIN_SECONDS", 30, { min: 1, max: 600 }),
        allowedHosts: readAllowedHosts(read, production, publicUrl),
        limits: readHttpLimits(read, production, trustedProxyHops),
        live: readLiveLimits(read),
        docs: read.flag("DOCS", true),
      },
      rates: readRates(read, production),
      rpc: {
        payments: readAddress(read, "PAYMENTS_RPC_URL", local("127.0.0.1:9101")),
        ledger: readAddress(read, "LEDGER_RPC_URL", local("127.0.0.1:9102")),
        webhooks: readAddress(read, "WEBHOOKS_RPC_URL", local("127.0.0.1:9103")),
        token: readRpcToken(read, production),
      },
      credentialCacheSeconds: read.integer("CREDENTIAL_CACHE_SECONDS", 5, { min: 0, max: 5 }),
      checkoutLanguage: read.choice("CHECKOUT_LANGUAGE", LANGUAGES, "bn"),
    };
  });
}
