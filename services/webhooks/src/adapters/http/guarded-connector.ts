import { isIP, type Socket } from "node:net";
import { buildConnector } from "undici";
import { PROXY_TARGET_CODE } from "../../domain/classify.ts";
import { isStrict } from "../../domain/url-rules.ts";
import { type AddressPolicy, isSameAddress } from "./address-policy.ts";
import type { AddressResolver } from "./address-resolver.ts";
import { blocked, failureCode, unresolved } from "./failure.ts";
import { plainHost, portOf } from "./parsed-url.ts";
import { markDestination, openTunnel, type ProxyUrl } from "./proxy-tunnel.ts";

const ADDRESSES_TRIED = 3;
const NEXT_ADDRESS = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  PROXY_TARGET_CODE,
]);

type Guards = { readonly policy: AddressPolicy; readonly resolver: AddressResolver };

/**
 * The addresses that a connection may use. Every one of a name must be allowed, one bad answer refuses all; towards
 * plain http and other ports every one must be inside the allow-list.
 */
export async function vet(
  options: Pick<buildConnector.Options, "hostname" | "protocol" | "port">,
  { policy, resolver }: Guards,
): Promise<readonly string[]> {
  const host = plainHost(options.hostname);
  const addresses = await resolver.resolve(host);
  if (addresses.length === 0) throw unresolved(host);
  const isEnough = isStrict(options.protocol, portOf(options.protocol, options.port))
    ? policy.isAllowed
    : policy.isListed;
  if (!addresses.every((address) => isEnough(address))) throw blocked(host);
  return addresses;
}

function open(connect: buildConnector.connector, options: buildConnector.Options): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect(options, (error, socket) => (error ? reject(error) : resolve(socket as Socket)));
  });
}

/** A socket to one vetted address; `servername` keeps the name for TLS. */
type Reach = (address: string, options: buildConnector.Options) => Promise<Socket>;

function reachDirectly(base: buildConnector.connector): Reach {
  return async (address, options) => {
    const socket = await open(base, { ...options, hostname: address });
    if (isSameAddress(address, socket.remoteAddress ?? "")) return socket;
    socket.destroy();
    throw blocked(address);
  };
}

/** The proxy is asked for the address that was vetted, so there is nothing left for it to resolve. */
function reachThrough(proxy: ProxyUrl, base: buildConnector.connector, timeoutMs: number): Reach {
  return async (address, options) => {
    const port = portOf(options.protocol, options.port);
    const tunnel = await openTunnel(proxy, address, port, timeoutMs);
    if (options.protocol !== "https:") return tunnel;
    return markDestination(await open(base, { ...options, hostname: address, httpSocket: tunnel }), address);
  };
}

export type ConnectorOptions = Guards & {
  readonly connectTimeoutMs: number;
  readonly proxy: ProxyUrl | null;
};

/**
 * Connects to the very address that was vetted, with the name kept for TLS and `Host`, and looks at where the socket
 * ended. Checking one address and connecting to another is what DNS rebinding lives on.
 */
export function guardedConnector({
  connectTimeoutMs,
  proxy,
  ...guards
}: ConnectorOptions): buildConnector.connector {
  const base = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    maxCachedSessions: 0,
    minVersion: "TLSv1.2",
  });
  const reach = proxy ? reachThrough(proxy, base, connectTimeoutMs) : reachDirectly(base);
  const connect = async (options: buildConnector.Options): Promise<Socket> => {
    const host = plainHost(options.hostname);
    const { servername: _, ...rest } = options;
    const named = isIP(host) ? rest : { ...rest, servername: host };
    let failure: unknown;
    for (const address of (await vet(options, guards)).slice(0, ADDRESSES_TRIED)) {
      try {
        return await reach(address, named);
      } catch (error) {
        failure = error;
        if (!NEXT_ADDRESS.has(failureCode(error))) break;
      }
    }
    throw failure;
  };
  return (options, callback) => {
    connect(options).then(
      (socket) => callback(null, socket),
      (error) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}
