import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type Conduct = "OK" | "HANG" | "REFUSE" | "DRIP";

/** One server on every loopback address: each address is a host of its own, with a conduct of its own. */
export type Receivers = AsyncDisposable & {
  readonly port: number;
  /** By the address that was connected to. */
  readonly conducts: Map<string, Conduct>;
  /** Called with the `webhook-id` when the head of a request has arrived. */
  onArrival: (webhookId: string, at: number) => void;
};

function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write("."), 300);
  response.on("close", () => clearInterval(timer));
}

export async function openReceivers(): Promise<Receivers> {
  const conducts = new Map<string, Conduct>();
  const conductOf = (socket: Socket): Conduct => conducts.get(socket.localAddress ?? "") ?? "OK";
  const server = createServer((request, response) => {
    const id = request.headers["webhook-id"];
    receivers.onArrival(typeof id === "string" ? id : "", performance.now());
    const conduct = conductOf(request.socket);
    request.resume();
    if (conduct === "OK") request.on("end", () => response.end());
    if (conduct === "DRIP") drip(response);
  });
  server.on("connection", (socket) => {
    if (conductOf(socket) === "REFUSE") socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", 2_048, resolve));
  const { port } = server.address() as AddressInfo;
  const receivers: Receivers = {
    port,
    conducts,
    onArrival: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receivers;
}
