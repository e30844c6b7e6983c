import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { connect, Events, type NatsConnection } from "nats";

/** A connection that is made in the background and made again for ever: nothing waits for NATS to start. */
export type NatsLink = AsyncDisposable & {
  /** Resolves once connected. */
  connection(): Promise<NatsConnection>;
  /** Null while NATS is away. */
  current(): NatsConnection | null;
  /** Aborts when the connection of this moment breaks: what was asked over it is never answered. */
  lost(): AbortSignal;
};

const RETRY_MS = 250;

export function openNats(options: { readonly url: string; readonly name: string }): NatsLink {
  let open: NatsConnection | null = null;
  let away = false;
  let life = new AbortController();
  let closed = false;
  const watch = async (connection: NatsConnection): Promise<void> => {
    hearLateErrors(connection);
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) {
        away = true;
        life.abort(new Error("the connection to NATS broke"));
      }
      if (type !== Events.Reconnect) continue;
      hearLateErrors(connection);
      life = new AbortController();
      away = false;
    }
  };
  const connecting = (async () => {
    while (!closed) {
      const connection = await tryConnect(options).catch(() => null);
      if (!connection) await setTimeout(RETRY_MS);
      else if (closed) await connection.close();
      else {
        open = connection;
        watch(connection).catch(() => {});
        return connection;
      }
    }
    throw new Error("the link to NATS was closed");
  })();
  // A failure of a closed link interests nobody; callers of connection() see their own copy.
  connecting.catch(() => {});
  return {
    connection: () => connecting,
    current: () => (open && !away && !open.isClosed() ? open : null),
    lost: () => life.signal,
    [Symbol.asyncDispose]: async () => {
      closed = true;
      // Closing does not wait for a broker that is away: what is unacknowledged comes again.
      await open?.close();
    },
  };
}

/** Another text after every reconnect: what was known about the server's streams may be wrong then. */
export function lifeOf(connection: NatsConnection): string {
  return `${connection.info?.server_id} ${connection.info?.client_id}`;
}

type Internals = { readonly protocol?: { readonly transport?: { readonly socket?: Socket } } };

/**
 * nats 2.29.3 takes its listeners off a socket while a write may still fail on it: when the broker goes away in the
 * moment in which we close, nobody would hear that error, and it would end the process.
 */
function hearLateErrors(connection: NatsConnection): void {
  const socket = (connection as unknown as Internals).protocol?.transport?.socket;
  if (!socket) return;
  const removeAllListeners = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (...events: Parameters<typeof removeAllListeners>) => {
    removeAllListeners(...events);
    return socket.on("error", () => {});
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
    timeout: 2_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
    pingInterval: 5_000,
    maxPingOut: 2,
  });
}
