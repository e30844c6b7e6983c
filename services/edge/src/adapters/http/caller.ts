import { assert } from "@oi/kernel/assert";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { authenticateCaller, readCredential, unauthorized } from "../../application/authenticate-caller.ts";
import type { Caller, Credentials } from "../../application/ports.ts";
import type { RequestLimits } from "./request-limits.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

function textHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/**
 * Every route of this scope knows its caller before a byte of its body is read. Who shows nothing like a credential is
 * limited by address, who shows a wrong one by the credentials' own guard, and everybody else by credential.
 */
export function requireCaller(app: FastifyInstance, credentials: Credentials, limits: RequestLimits): void {
  app.decorateRequest("caller", null);
  app.addHook("onRoute", (route) => {
    route.config = { bucket: "credential", ...route.config };
  });
  app.addHook("onRequest", async (request, reply) => {
    const credential = readCredential({
      apiKey: textHeader(request.headers["x-api-key"]),
      apiSecret: textHeader(request.headers["x-api-secret"]),
    });
    if (credential === null) {
      limits.takeForAddress(request);
      throw unauthorized();
    }
    const origin = { requestId: request.id, address: limits.addressOf(request) };
    request.caller = await authenticateCaller({ credentials }, credential, origin);
    limits.takeForCaller(request, reply, credential.apiKey);
  });
}

export function callerOf({ caller }: FastifyRequest): Caller {
  assert(caller !== null, "the route is registered outside the callers' scope");
  return caller;
}
