import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Health } from "../service/health.ts";
import type { MountedService } from "./service.ts";

/** Puts mounted services on a Connect router: the JSON door and the in-memory transport. */
export function routeServices(services: readonly MountedService[]): (router: ConnectRouter) => void {
  return (router) => {
    for (const { methods } of services) {
      for (const { method, handle } of methods.values()) router.rpc(method, handle);
    }
  };
}

export type JsonDoor = { readonly port: number; close(): Promise<void> };

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${text}\n`);
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
}): Promise<JsonDoor> {
  const handleRpc = connectNodeAdapter({
    routes: routeServices(options.services),
    readMaxBytes: 1024 * 1024,
    fallback: (_, response) => {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"code":"not_found","message":"No such service or method."}\n');
    },
  });
  const server = createServer((request, response) => {
    answerHealth(options.health, request, response).then(
      (answered) => {
        if (!answered) handleRpc(request, response);
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
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
