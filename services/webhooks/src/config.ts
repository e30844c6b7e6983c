import { isIP } from "node:net";
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
import { type Env, type EnvReader, readEnv, Secret } from "@oi/platform/config/env";
import { readPageTokenKey } from "@oi/platform/config/page-token-key";
import type { Failpoint } from "@oi/platform/service/failpoint";
import type { Kek } from "./adapters/crypto/secret-box.ts";
import { isCidr } from "./adapters/http/address-policy.ts";
import type { EgressRules } from "./adapters/http/egress.ts";
import type { ProxyUrl } from "./adapters/http/proxy-tunnel.ts";

export type DispatchConfig = {
  /** Deliveries in flight per process, of which so many in TEST mode and so many to suspect endpoints. */
  readonly slots: number;
  readonly testSlots: number;
  readonly suspectSlots: number;
  readonly hostCap: number;
  /** Per application and mode; `applicationCaps` for single applications, by id. */
  readonly applicationCap: number;
  readonly applicationCaps: Readonly<Record<string, number>>;
  /** One attempt from the name to the last byte of the answer. */
  readonly deadlineMs: number;
  readonly leaseMs: number;
  readonly reapEveryMs: number;
};

export type WebhooksConfig = {
  readonly runtime: RuntimeConfig;
  readonly rpc: RpcConfig;
  readonly database: DatabaseConfig;
  readonly nats: NatsConfig;
  /** Signs page tokens, the same in every process. */
  readonly pageTokenKey: Secret;
  /** The first key seals; all open. */
  readonly keks: readonly Kek[];
  readonly dispatch: DispatchConfig;
  /** Private addresses that may be sent to, also by http: only tests and development allow any. */
  readonly egress: EgressRules;
  readonly failpoint: Failpoint | null;
  /** How long the stream waits for an acknowledgement before it sends an event again. */
  readonly ackWaitMs: number;
  /** Multiplies the times of the schedule; 1 outside tests. */
  readonly timeScale: number;
};

export type MigrationConfig = { readonly ownerUrl: string; readonly appUrl: string };

const KEY_BYTES = 32;
const LEASE_DEADLINES = 3;

function readKeks(read: EnvReader): readonly Kek[] {
  const text = read.secret("WEBHOOKS_KEKS").reveal();
  const keks = text.split(",").flatMap((entry): Kek[] => {
    const [, id = "", key = ""] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]+={0,2})$/.exec(entry.trim()) ?? [];
    return Buffer.from(key, "base64").length === KEY_BYTES ? [{ id, key: new Secret(key) }] : [];
  });
  // The value is not shown: it is made of keys.
  if (text !== "" && keks.length !== text.split(",").length) {
    read.problem("WEBHOOKS_KEKS: must be a list of id:base64 of 32 bytes, separated by commas");
  }
  if (new Set(keks.map(({ id }) => id)).size !== keks.length)
    read.problem("WEBHOOKS_KEKS: an id occurs twice");
  return keks;
}

/** `42=64,7=32`: application 42 may have 64 in flight per mode. */
function readApplicationCaps(read: EnvReader): Readonly<Record<string, number>> {
  const caps = read.list("WEBHOOKS_APP_CAPS").flatMap((entry): [string, number][] => {
    const [, id, cap] = /^([1-9]\d{0,15})=([1-9]\d{0,3})$/.exec(entry) ?? [];
    if (id !== undefined && cap !== undefined) return [[id, Number(cap)]];
    read.problem(`WEBHOOKS_APP_CAPS: ${entry} is not application=cap`);
    return [];
  });
  return Object.fromEntries(caps);
}

/** It may hold a password, so it is shown nowhere. */
function readProxy(read: EnvReader): ProxyUrl | null {
  const text = read.optionalSecret("WEBHOOKS_PROXY_URL")?.reveal();
  if (text === undefined) return null;
  const url = URL.parse(text);
  if (url?.protocol === "http:" && url.hostname !== "" && url.pathname === "/") return url;
  read.problem("WEBHOOKS_PROXY_URL: must be http://host:port, a user and password may stand before the host");
  return null;
}

function readDispatch(read: EnvReader): DispatchConfig {
  const count = (name: string, fallback: number): number =>
    read.integer(name, fallback, { min: 1, max: 10_000 });
  const deadlineMs = read.integer("WEBHOOKS_DEADLINE_MS", 15_000, { min: 100, max: 120_000 });
  const leaseMs = read.integer("WEBHOOKS_LEASE_MS", 45_000, { min: 300, max: 3_600_000 });
  if (leaseMs < LEASE_DEADLINES * deadlineMs) {
    read.problem("WEBHOOKS_LEASE_MS: must be at least three times WEBHOOKS_DEADLINE_MS");
  }
  return {
    slots: count("WEBHOOKS_SLOTS", 256),
    testSlots: count("WEBHOOKS_TEST_SLOTS", 64),
    suspectSlots: count("WEBHOOKS_SUSPECT_SLOTS", 128),
    hostCap: count("WEBHOOKS_HOST_CAP", 8),
    applicationCap: count("WEBHOOKS_APP_CAP", 16),
    applicationCaps: readApplicationCaps(read),
    deadlineMs,
    leaseMs,
    reapEveryMs: read.integer("WEBHOOKS_REAP_EVERY_MS", 5_000, { min: 50, max: 60_000 }),
  };
}

function readAllowCidrs(read: EnvReader, { production }: RuntimeConfig): readonly string[] {
  const cidrs = read.list("WEBHOOKS_EGRESS_ALLOW_CIDRS");
  const bad = cidrs.filter((cidr) => !isCidr(cidr));
  if (bad.length > 0) read.problem(`WEBHOOKS_EGRESS_ALLOW_CIDRS: ${bad.join(", ")} is no address range`);
  if (production && cidrs.length > 0)
    read.problem("WEBHOOKS_EGRESS_ALLOW_CIDRS: must not be set in production");
  return cidrs.filter(isCidr);
}

function readDnsServers(read: EnvReader): readonly string[] {
  const servers = read.list("WEBHOOKS_DNS_SERVERS");
  for (const server of servers) {
    const [, bracketed, plain] =
      /^(?:\[([^\]]+)\]|([^:]+|[0-9a-fA-F:]+:[0-9a-fA-F:]+))(?::\d{1,5})?$/.exec(server) ?? [];
    if (isIP(bracketed ?? plain ?? "") === 0 && isIP(server) === 0)
      read.problem(`WEBHOOKS_DNS_SERVERS: ${server} is no address, or address:port`);
  }
  return servers;
}

function readTimeScale(read: EnvReader, { production }: RuntimeConfig): number {
  const timeScale = read.decimal("TIME_SCALE", 1, { min: 0.000_001, max: 1_000 });
  if (production && read.optionalText("TIME_SCALE") !== undefined) {
    read.problem("TIME_SCALE: must not be set in production");
  }
  return timeScale;
}

/** Raises ConfigError with every problem at once. */
export function readConfig(env: Env): Readonly<WebhooksConfig> {
  return readEnv(env, (read) => {
    const runtime = readRuntime(read);
    return {
      runtime,
      rpc: readRpc(read, runtime, { rpc: 9103, ops: 9203 }),
      database: readDatabase(read, "WEBHOOKS"),
      nats: readNats(read),
      pageTokenKey: readPageTokenKey(read, runtime.production),
      keks: readKeks(read),
      dispatch: readDispatch(read),
      egress: {
        allowCidrs: readAllowCidrs(read, runtime),
        dnsServers: readDnsServers(read),
        proxy: readProxy(read),
      },
      failpoint: readFailpoint(read, runtime),
      ackWaitMs: read.integer("NATS_ACK_WAIT_MS", 30_000, { min: 200, max: 600_000 }),
      timeScale: readTimeScale(read, runtime),
    };
  });
}

/** What the migration needs, which is less than the service: it runs before there are keys or a broker. */
export function readMigration(env: Env): Readonly<MigrationConfig> {
  return readEnv(env, (read) => {
    const appUrl = read.url("WEBHOOKS_DATABASE_URL", ["postgres", "postgresql"]);
    return { appUrl, ownerUrl: read.url("WEBHOOKS_DATABASE_OWNER_URL", ["postgres", "postgresql"], appUrl) };
  });
}
