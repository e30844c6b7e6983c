import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** A server that says what no HTTP library would say. */
export type RawSink = AsyncDisposable & {
  /** `http://127.0.0.1:40001/hook` */
  readonly url: string;
  readonly port: number;
  /** Everything that any connection received. */
  readonly bytes: () => number;
  readonly connections: () => number;
};

/** `play` gets each connection once its request head arrived, or at once when `isEager`. */
export async function openRawSink(
  play: (socket: Socket) => void,
  options: { readonly host?: string; readonly port?: number; readonly isEager?: boolean } = {},
): Promise<RawSink> {
  const { host = "127.0.0.1", port: wanted = 0, isEager = false } = options;
  let bytes = 0;
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    if (isEager) play(socket);
    else socket.once("data", () => play(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}/hook`,
    port,
    bytes: () => bytes,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
