import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Received = {
  readonly headers: IncomingHttpHeaders;
  readonly rawNames: readonly string[];
  readonly body: string;
  readonly path: string;
};

/** A real receiver on loopback that remembers what it got. */
export type Sink = AsyncDisposable & {
  /** `http://127.0.0.1:40001/hook` */
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  readonly connections: () => number;
};

export type Play = (response: ServerResponse, request: Received, n: number) => void;

export const answer =
  (status: number, headers: Record<string, string> = {}): Play =>
  (response) => {
    response.writeHead(status, headers).end("ok");
  };

async function read(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return {
    headers: request.headers,
    rawNames: request.rawHeaders.filter((_, i) => i % 2 === 0),
    body: Buffer.concat(chunks).toString("utf8"),
    path: request.url ?? "",
  };
}

/** `play` answers each request; `n` counts from 1. On host 0.0.0.0 every loopback address is a receiver. */
export async function openSink(play: Play = answer(200), host = "127.0.0.1"): Promise<Sink> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    read(request).then(
      (got) => {
        received.push(got);
        play(response, got, received.length);
      },
      () => undefined,
    );
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
