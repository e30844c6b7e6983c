import { randomUUID } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { DomainError } from "@oi/kernel/errors";
import { invalid } from "@oi/kernel/errors";
import type { Clock } from "@oi/platform/service/clock";
import { failureEnvelope } from "../../domain/envelope.ts";
import { answerBrokenRequests } from "./broken-requests.ts";
import { limitConnectionsPerAddress } from "./connection-limit.ts";
import { endUnreadBodies } from "./early-answers.ts";
import type { ErrorLinks } from "./error-links.ts";
import type { HttpLimits } from "./http-limits.ts";
import { endStalledAnswers } from "./stalled-answers.ts";

export type HttpServer = {
  readonly node: Server;
  /** Resolves with the port that was bound. Rejects when it is taken. */
  listen(host: string, port: number): Promise<number>;
  /** Refuses new connections, finishes what is in flight, and cuts what is left after `limitMs`. */
  close(limitMs: number): Promise<void>;
};

const BROKEN: DomainError = invalid({ request: "is not valid HTTP, is too long, or did not arrive in time" });

/** The answer to bytes that are no request, made without any framework. */
function renderBroken(clock: Clock, links: ErrorLinks): string {
  const requestId = randomUUID();
  const link = links.of(BROKEN.reason);
  const body = JSON.stringify(failureEnvelope(BROKEN, { at: clock.now(), requestId }, link));
  const head = [
    "HTTP/1.1 400 Bad Request",
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "x-should-retry: false",
    `x-request-id: ${requestId}`,
    ...(link === null ? [] : [`link: <${link}>; rel="help"`]),
    "connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

function limitedServer(handler: RequestListener, limits: HttpLimits): Server {
  const server = createServer(
    {
      // Without it a missing Host would be refused by Node, outside the envelope.
      requireHostHeader: false,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      // Node looks for timeouts every 30 s unless told otherwise.
      connectionsCheckingInterval: limits.connectionCheckMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
      insecureHTTPParser: false,
    },
    handler,
  );
  // Node drops what is beyond without a word; one more is let through, so that it can be refused.
  server.maxHeadersCount = limits.maxHeaders + 1;
  server.maxConnections = limits.maxConnections;
  server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
  endStalledAnswers(server, limits.stalledTimeoutMs, limits.connectionCheckMs);
  endUnreadBodies(server);
  limitConnectionsPerAddress(server, limits.maxConnectionsPerAddress);
  return server;
}

const IDLE_CHECK_MS = 100;

/** A Node server with our limits, which can be drained: `close` alone would go on serving kept-alive connections. */
export function httpServer(
  handler: RequestListener,
  options: { readonly clock: Clock; readonly limits: HttpLimits; readonly links: ErrorLinks },
): HttpServer {
  const { clock, limits, links } = options;
  let draining = false;
  const node = limitedServer((request, response) => {
    if (draining) response.setHeader("connection", "close");
    handler(request, response);
  }, limits);
  answerBrokenRequests(node, () => renderBroken(clock, links));
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
