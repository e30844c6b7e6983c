import { assert } from "@oi/kernel/assert";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { authenticateCaller } from "../../application/authenticate-caller.ts";
import type { Caller, Credentials } from "../../application/ports.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

function textHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Every route of this scope knows its caller before a byte of its body is read. */
export function requireCaller(app: FastifyInstance, credentials: Credentials): void {
  app.decorateRequest("caller", null);
  app.addHook("onRequest", async (request) => {
    const apiKey = textHeader(request.headers["x-api-key"]);
    const apiSecret = textHeader(request.headers["x-api-secret"]);
    request.caller = await authenticateCaller(
      { credentials },
      { apiKey, apiSecret },
      { requestId: request.id },
    );
  });
}

export function callerOf({ caller }: FastifyRequest): Caller {
  assert(caller !== null, "the route is registered outside the callers' scope");
  return caller;
}
