import { randomUUID } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { invalid } from "@oi/kernel/errors";
import type { Clock } from "@oi/platform/service/clock";
import { failureEnvelope } from "../../domain/envelope.ts";

export type HttpServer = {
  readonly node: Server;
  /** Resolves with the port that was bound. Rejects when it is taken. */
  listen(host: string, port: number): Promise<number>;
  /** Refuses new connections, finishes what is in flight, and cuts what is left after `limitMs`. */
  close(limitMs: number): Promise<void>;
};

/** What Node could not read as HTTP is answered without any framework, and the connection ends. */
function answerBrokenRequest(clock: Clock, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const error = invalid({ request: "is not valid HTTP, is too long, or did not arrive in time" });
  const body = JSON.stringify(failureEnvelope(error, { at: clock.now(), requestId }));
  const head = [
    "HTTP/1.1 400 Bad Request",
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "x-should-retry: false",
    `x-request-id: ${requestId}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

function limitedServer(handler: RequestListener): Server {
  const server = createServer(
    {
      // Without it a missing Host would be refused by Node, outside the envelope.
      requireHostHeader: false,
      headersTimeout: 5_000,
      requestTimeout: 15_000,
      // Node looks for timeouts every 30 s unless told otherwise.
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16 * 1024,
    },
    handler,
  );
  server.maxHeadersCount = 64;
  server.maxConnections = 10_000;
  server.maxRequestsPerSocket = 1_000;
  return server;
}

const IDLE_CHECK_MS = 100;

/** A Node server with our limits, which can be drained: `close` alone would go on serving kept-alive connections. */
export function httpServer(handler: RequestListener, clock: Clock): HttpServer {
  let draining = false;
  const node = limitedServer((request, response) => {
    if (draining) response.setHeader("connection", "close");
    handler(request, response);
  });
  node.on("clientError", (_, socket) => answerBrokenRequest(clock, socket));
  return {
    node,
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        node.once("error", reject);
        node.listen(port, host, () => {
          node.off("error", reject);
          resolve((node.address() as AddressInfo).port);
        });
      }),
    close: (limitMs) => {
      draining = true;
      return new Promise((resolve) => {
        const idle = setInterval(() => node.closeIdleConnections(), IDLE_CHECK_MS);
        const force = setTimeout(() => node.closeAllConnections(), limitMs);
        node.close(() => {
          clearInterval(idle);
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}
