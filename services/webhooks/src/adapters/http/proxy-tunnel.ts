import { request } from "node:http";
import { isIPv6, type Socket } from "node:net";
import { ownFault, proxyRefused } from "./failure.ts";

/** `http://user:password@proxy.internal:3128` */
export type ProxyUrl = URL;

/** What proxies answer when it is the target that cannot be reached. */
const TARGETS_FAULT = new Set([502, 503, 504]);

const destinations = new WeakMap<Socket, string>();

/** The address that a socket's bytes go to: its peer, or what its proxy was asked for. */
export function destinationOf(socket: Socket): string | null {
  return destinations.get(socket) ?? socket.remoteAddress ?? null;
}

/** Remembers where a socket inside a tunnel leads to. */
export function markDestination(socket: Socket, address: string): Socket {
  destinations.set(socket, address);
  return socket;
}

function authorization({ username, password }: ProxyUrl): Readonly<Record<string, string>> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/**
 * A connection through the proxy to an address, never to a name: the proxy must not resolve what was vetted here.
 * Raises ELOCAL when the proxy itself fails, EPROXYTARGET when it could not reach the address.
 */
export function openTunnel(
  proxy: ProxyUrl,
  address: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  const path = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port || 80,
      method: "CONNECT",
      path,
      headers: { host: path, ...authorization(proxy) },
      agent: false,
      timeout: timeoutMs,
    });
    asked.once("connect", ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      if (statusCode === 200 && head.length === 0) return resolve(markDestination(socket, address));
      socket.destroy();
      reject(
        TARGETS_FAULT.has(statusCode) ? proxyRefused(path) : ownFault(`the proxy answered ${statusCode}`),
      );
    });
    asked.once("timeout", () => asked.destroy(new Error("the proxy did not answer in time")));
    asked.once("error", (error) => reject(ownFault(error.message)));
    asked.end();
  });
}
