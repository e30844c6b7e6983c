import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Health } from "../service/health.ts";
import { type Identify, identifier } from "./caller.ts";
import { createGate, MISSING_DEADLINE_MS } from "./gate.ts";
import type { MountedService } from "./service.ts";

/** Puts mounted services on a Connect router: the JSON door and the in-memory transport. */
export function routeServices(services: readonly MountedService[]): (router: ConnectRouter) => void {
  return (router) => {
    for (const { methods, streams } of services) {
      for (const { method, handle } of methods.values()) router.rpc(method, handle);
      for (const { method, handle } of streams.values()) router.rpc(method, handle);
    }
  };
}

export type JsonDoor = {
  readonly port: number;
  /** Finishes what is in flight, refuses what is new; forced after `limitMs`. */
  close(limitMs: number): Promise<void>;
};

const IDLE_SWEEP_MS = 100;

/**
 * Kept-alive connections outlive `server.close()` and would be served for ever, so every answer still to come ends its
 * connection, and idle ones are ended by us.
 */
function closeDoor(server: Server, unanswered: Iterable<ServerResponse>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const force = setTimeout(() => server.closeAllConnections(), limitMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(force);
      resolve();
    });
    for (const response of unanswered) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
  });
}

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${text}\n`);
}

/** A person with curl names no deadline, and is not made to; a stream may take its time. */
function limitTime({ headers }: IncomingMessage): void {
  const isUnary = headers["content-type"]?.startsWith("application/json");
  if (isUnary) headers["connect-timeout-ms"] ??= String(MISSING_DEADLINE_MS);
}

async function answerHealth(
  health: Health,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (request.url === "/healthz") {
    answer(response, 200, { status: "alive" });
    return true;
  }
  if (request.url !== "/readyz") return false;
  const { ready, problems } = await health.readiness();
  answer(response, ready ? 200 : 503, { status: ready ? "ready" : "not ready", problems });
  return true;
}

/**
 * Opens the door for people: the Connect protocol over HTTP/1.1, so that curl with JSON works, beside `/healthz` (the
 * event loop turns) and `/readyz` (it can do its work). Rejects when the port is taken.
 */
export async function openJsonDoor(options: {
  readonly services: readonly MountedService[];
  readonly health: Health;
  readonly host: string;
  readonly port: number;
  /** Who may call; the machine itself when absent. */
  readonly identify?: Identify;
}): Promise<JsonDoor> {
  const gate = createGate({ identify: options.identify ?? identifier(null), deadlineRequired: false });
  const handleRpc = connectNodeAdapter({
    routes: routeServices(options.services),
    contextValues: ({ socket }) => gate({ peer: socket?.remoteAddress ?? "", hasDeadline: true }),
    readMaxBytes: 1024 * 1024,
    fallback: (_, response) => {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"code":"not_found","message":"No such service or method."}\n');
    },
  });
  const unanswered = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    unanswered.add(response);
    response.once("close", () => unanswered.delete(response));
    if (!server.listening) response.setHeader("connection", "close");
    answerHealth(options.health, request, response).then(
      (answered) => {
        if (answered) return;
        limitTime(request);
        handleRpc(request, response);
      },
      () => answer(response, 500, { code: "internal" }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (limitMs) => closeDoor(server, unanswered, limitMs),
  };
}
