import type { FastifyReply } from "fastify";

/** 303: whatever the method was, the browser goes on with GET. Never stored, since the next visit may differ. */
export function redirect(reply: FastifyReply, url: string): FastifyReply {
  reply.header("cache-control", "no-store");
  reply.header("referrer-policy", "strict-origin");
  return reply.redirect(url, 303);
}
