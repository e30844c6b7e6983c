import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { invalid } from "@oi/kernel/errors";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { FastifyInstance } from "fastify";
import { isRequestId } from "../../domain/request-id.ts";

export function chooseRequestId({ headers }: IncomingMessage): string {
  const own = headers["x-request-id"];
  return isRequestId(own) ? own : randomUUID();
}

/**
 * Puts the request id on every answer and writes one line per request. The line names the route and not the path,
 * because a checkout's path is the key to it.
 */
export function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const line = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      applicationId: request.caller?.applicationId,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    };
    log.info(line, "request");
  });
}

/** Two hosts, or none, mean two different requests to two readers of the same bytes. */
export function requireHost(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ raw }, reply) => {
    const hosts = raw.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === "host");
    if (hosts.length === 1 && raw.url?.startsWith("/")) return;
    reply.header("connection", "close");
    throw invalid({ Host: "must be given exactly once, and the target must be a path" });
  });
}
