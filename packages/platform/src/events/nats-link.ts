import { setTimeout } from "node:timers/promises";
import { connect, type NatsConnection } from "nats";

/** A connection that is made in the background and made again for ever: nothing waits for NATS to start. */
export type NatsLink = AsyncDisposable & {
  /** Resolves once connected. */
  connection(): Promise<NatsConnection>;
  /** Null while NATS is away. */
  current(): NatsConnection | null;
};

const RETRY_MS = 250;

export function openNats(options: { readonly url: string; readonly name: string }): NatsLink {
  let open: NatsConnection | null = null;
  let closed = false;
  const connecting = (async () => {
    while (!closed) {
      const connection = await tryConnect(options).catch(() => null);
      if (!connection) await setTimeout(RETRY_MS);
      else if (closed) await connection.close();
      else {
        open = connection;
        return connection;
      }
    }
    throw new Error("the link to NATS was closed");
  })();
  // A failure of a closed link interests nobody; callers of connection() see their own copy.
  connecting.catch(() => {});
  return {
    connection: () => connecting,
    current: () => (open && !open.isClosed() ? open : null),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      // Closing does not wait for a broker that is away: what is unacknowledged comes again.
      await open?.close();
    },
  };
}

function tryConnect({ url, name }: { readonly url: string; readonly name: string }): Promise<NatsConnection> {
  const address = new URL(url);
  return connect({
    servers: `${address.hostname}:${address.port || "4222"}`,
    ...(address.username
      ? { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) }
      : {}),
    ...(address.protocol === "tls:" ? { tls: {} } : {}),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
    pingInterval: 5_000,
    maxPingOut: 2,
  });
}
