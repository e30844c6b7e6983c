import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { invalid } from "@oi/kernel/errors";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isAllowedHost } from "../../domain/allowed-host.ts";
import { isRequestId } from "../../domain/request-id.ts";

/** One year, which is what browsers' preload lists ask for. */
const HSTS = "max-age=31536000; includeSubDomains";

export function chooseRequestId({ headers }: IncomingMessage): string {
  const own = headers["x-request-id"];
  return isRequestId(own) ? own : randomUUID();
}

/**
 * Writes one line per request. It names the route and not the path,
 * because a checkout's path is the key to it.
 */
export function logRequests(app: FastifyInstance, log: Logger): void {
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

/** A judgement that comes before any routing, so also for targets that no router can read. */
export type Check = (request: FastifyRequest, reply: FastifyReply) => void;

/** On every answer, unless the route says otherwise. */
export function safeDefaults(publicUrl: () => string): Check {
  return (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("cache-control", "no-store");
    reply.header("x-content-type-options", "nosniff");
    if (publicUrl().startsWith("https:")) reply.header("strict-transport-security", HSTS);
  };
}

function hostsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "host");
}

/**
 * Two hosts, none, or another one in the target mean two different requests to two readers of the same bytes, and a
 * strange host means that somebody was led here. Headers beyond the limit would be dropped unseen.
 */
export function ownHost(options: {
  readonly allowedHosts: readonly string[];
  readonly maxHeaders: number;
}): Check {
  const problemOf = ({ raw }: FastifyRequest): Record<string, string> | null => {
    const [host = "", ...others] = hostsOf(raw);
    const isPath = raw.url?.startsWith("/") || (raw.method === "OPTIONS" && raw.url === "*");
    if (raw.rawHeaders.length > 2 * options.maxHeaders) return { request: "has too many headers" };
    if (others.length > 0 || host === "" || !isPath)
      return { Host: "must be given exactly once, and the target must be a path" };
    return isAllowedHost(host, options.allowedHosts) ? null : { Host: "is not served here" };
  };
  return (request, reply) => {
    const problem = problemOf(request);
    if (problem === null) return;
    reply.header("connection", "close");
    throw invalid(problem);
  };
}
