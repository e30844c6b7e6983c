import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { isLocalhost } from "../../domain/url-rules.ts";
import type { AddressPolicy } from "./address-policy.ts";
import { ownFault, unresolved } from "./failure.ts";

export type AddressResolver = {
  /** Every address of a host, IPv4 first. Raises EDNS when there is none, ELOCAL when nobody has one any more. */
  resolve(host: string): Promise<readonly string[]>;
};

type Resolved = { readonly addresses: readonly string[]; readonly ttlMs: number };
type Cached = { readonly answer: Promise<readonly string[]>; untilMs: number };

const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;
const MAX_TTL_MS = 60_000;
const FAILURE_TTL_MS = 5_000;
const CACHE_LIMIT = 10_000;
const LOOPBACK = ["127.0.0.1", "::1"];
const OUTAGE_MS = 10_000;
const OUTAGE_HOSTS = 20;

/** Asks for A and AAAA together. Not `dns.lookup`: a few dead names there would stall all four threads behind it. */
async function query(resolver: Resolver, host: string): Promise<Resolved> {
  const records = await Promise.all([
    resolver.resolve4(host, { ttl: true }).catch(() => []),
    resolver.resolve6(host, { ttl: true }).catch(() => []),
  ]);
  const all = records.flat();
  if (all.length === 0) throw unresolved(host);
  const ttlMs = Math.min(MAX_TTL_MS, ...all.map((record) => record.ttl * 1_000));
  return { addresses: all.map((record) => record.address), ttlMs };
}

/** Twenty names that fail and none that succeeds, for ten seconds: then the resolver is sick and not the names. */
function watchOutage(): { succeeded(): void; failed(host: string): boolean } {
  const failures = new Map<string, number>();
  return {
    succeeded: () => failures.clear(),
    failed: (host) => {
      const now = performance.now();
      failures.delete(host);
      failures.set(host, now);
      for (const [name, at] of failures) {
        if (now - at <= OUTAGE_MS) break;
        failures.delete(name);
      }
      return failures.size >= OUTAGE_HOSTS;
    },
  };
}

export type ResolverOptions = {
  readonly policy: AddressPolicy;
  /** `address` or `address:port`; empty for the system's. */
  readonly servers?: readonly string[];
  readonly timeoutMs?: number;
};

/** With an allow-list `localhost` and its subdomains mean the loopback addresses inside it, without DNS. */
export function createAddressResolver({
  policy,
  servers = [],
  timeoutMs = QUERY_TIMEOUT_MS,
}: ResolverOptions): AddressResolver {
  const resolver = new Resolver({ timeout: timeoutMs, tries: QUERY_TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  const outage = watchOutage();
  const cache = new Map<string, Cached>();
  const judged = async (host: string, asked: Promise<Resolved>): Promise<readonly string[]> => {
    try {
      const { addresses } = await asked;
      outage.succeeded();
      return addresses;
    } catch (error) {
      throw outage.failed(host) ? ownFault("no name resolves any more") : error;
    }
  };
  const ask = (host: string): Promise<readonly string[]> => {
    const resolved = query(resolver, host);
    const entry: Cached = { answer: judged(host, resolved), untilMs: Number.POSITIVE_INFINITY };
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(host, entry);
    resolved.then(
      ({ ttlMs }) => {
        entry.untilMs = performance.now() + ttlMs;
      },
      () => {
        entry.untilMs = performance.now() + FAILURE_TTL_MS;
      },
    );
    return entry.answer;
  };
  return {
    resolve: async (host) => {
      if (isIP(host)) return [host];
      if (policy.hasAllowList && isLocalhost(host))
        return LOOPBACK.filter((address) => policy.isListed(address));
      const known = cache.get(host);
      return known && known.untilMs > performance.now() ? known.answer : ask(host);
    },
  };
}
