import type { FastifyRequest } from "fastify";
import { parseJsonBody } from "./json-body.ts";
import { requireMediaType } from "./media-type.ts";

/** Turns the bytes of a body into what it says. 415 before 400; 413 was said while the body came in. */
export async function readJson(request: FastifyRequest): Promise<void> {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  requireMediaType(request.headers, "application/json", bytes);
  request.body = parseJsonBody(bytes);
}
