import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type RawSocket = Disposable & {
  readonly socket: Socket;
  received(): string;
  /** Resolves however the connection ends. */
  readonly closed: Promise<void>;
};

/** A connection of its own, for clients that do not keep to the rules. */
export async function openSocket(url: string): Promise<RawSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A reset is one of the ways in which we end a connection.
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await once(socket, "connect");
  return {
    socket,
    received: () => Buffer.concat(chunks).toString("utf8"),
    closed,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** Sends bytes and collects everything that comes back until the other side closes. */
export async function sendBytes(url: string, bytes: string | Uint8Array): Promise<string> {
  using connection = await openSocket(url);
  connection.socket.write(bytes);
  await connection.closed;
  return connection.received();
}
