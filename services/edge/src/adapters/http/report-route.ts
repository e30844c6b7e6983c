import type { Logger } from "@oi/platform/telemetry/logger";
import type { FastifyInstance } from "fastify";

export const REPORT_PATH = "/csp-report";

/** A directive's name, in both spellings of such reports. Nothing else of a report is worth keeping. */
const DIRECTIVE = /"effective(?:-d|D)irective"\s*:\s*"([a-z-]{1,32})"/;

/** Where browsers tell that a page broke its own policy. Anybody can send anything, and pages' addresses are keys. */
export function reportRoute(app: FastifyInstance, log: Logger): void {
  const options = { config: { bucket: "customer" }, schema: { hide: true } } as const;
  app.post(REPORT_PATH, options, async (request, reply) => {
    const text = Buffer.isBuffer(request.body) ? request.body.toString("latin1") : "";
    const directive = DIRECTIVE.exec(text)?.[1] ?? null;
    log.warn({ requestId: request.id, directive }, "a browser reported a page against its policy");
    return reply.code(204).send();
  });
}
