import { isIP, type Socket } from "node:net";
import { buildConnector } from "undici";
import { isStrict } from "../../domain/url-rules.ts";
import { type AddressPolicy, isSameAddress } from "./address-policy.ts";
import type { AddressResolver } from "./address-resolver.ts";
import { blocked, failureCode, unresolved } from "./failure.ts";
import { plainHost, portOf } from "./parsed-url.ts";

const ADDRESSES_TRIED = 3;
const NEXT_ADDRESS = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);

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

/**
 * Connects to the very address that was vetted, with the name kept for TLS and `Host`, and looks at where the socket
 * ended. Checking one address and connecting to another is what DNS rebinding lives on.
 */
export function guardedConnector(guards: Guards, connectTimeoutMs: number): buildConnector.connector {
  const base = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    maxCachedSessions: 0,
    minVersion: "TLSv1.2",
  });
  const connect = async (options: buildConnector.Options): Promise<Socket> => {
    const host = plainHost(options.hostname);
    let failure: unknown;
    for (const address of (await vet(options, guards)).slice(0, ADDRESSES_TRIED)) {
      try {
        const { servername: _, ...rest } = options;
        const named = isIP(host) ? {} : { servername: host };
        const socket = await open(base, { ...rest, ...named, hostname: address });
        if (isSameAddress(address, socket.remoteAddress ?? "")) return socket;
        socket.destroy();
        throw blocked(host);
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
