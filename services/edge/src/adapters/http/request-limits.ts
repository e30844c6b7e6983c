import type { FastifyContextConfig, FastifyReply, FastifyRequest } from "fastify";
import type { RateLimiter } from "../../application/ports.ts";
import { tooManyRequests } from "../../application/too-many-requests.ts";
import { addressGroup } from "../../domain/address-group.ts";
import type { Allowance, BucketKind } from "../../domain/rate-limit.ts";
import { clientAddress } from "./client-address.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What limits a route; `address` when it says nothing. */
    bucket?: Extract<BucketKind, "credential" | "customer" | "gateway" | "refund">;
  }
}

function requireAllowed(allowance: Allowance): void {
  if (allowance.allowed) return;
  throw tooManyRequests("Too many requests.", allowance.retryAfterSeconds);
}

/** The counters of draft-ietf-httpapi-ratelimit-headers-11, and the older triple. */
function setCounters(reply: FastifyReply, { limit, remaining, resetSeconds }: Allowance): void {
  reply.header("ratelimit-policy", `"default";q=${limit.perSecond};w=1`);
  reply.header("ratelimit", `"default";r=${remaining};t=${resetSeconds}`);
  reply.header("x-ratelimit-limit", String(limit.perSecond));
  reply.header("x-ratelimit-remaining", String(remaining));
  reply.header("x-ratelimit-reset", String(resetSeconds));
}

/** Limits by where a request comes from and by whose it is. Each raises RATE_LIMITED. */
export type RequestLimits = {
  addressOf(request: FastifyRequest): string;
  takeForAddress(request: FastifyRequest): void;
  /** The same, unless the route will know its caller and limits by that. */
  takeForStranger(request: FastifyRequest): void;
  /** Sets the counters, which every later answer to this request carries. */
  takeForCaller(request: FastifyRequest, reply: FastifyReply, apiKey: string): void;
};

const NEEDS_CALLER: readonly FastifyContextConfig["bucket"][] = ["credential", "refund"];

export function requestLimits(limiter: RateLimiter, trustedProxyHops: number): RequestLimits {
  const addressOf = (request: FastifyRequest): string =>
    addressGroup(clientAddress(request.raw, trustedProxyHops));
  const takeForAddress = (request: FastifyRequest): void => {
    const kind = request.routeOptions.config?.bucket;
    const own = kind === "customer" || kind === "gateway" ? kind : "address";
    requireAllowed(limiter.take(own, addressOf(request)));
  };
  return {
    addressOf,
    takeForAddress,
    takeForStranger: (request) => {
      const isKnownLater = NEEDS_CALLER.includes(request.routeOptions.config?.bucket);
      if (request.is404 || !isKnownLater) takeForAddress(request);
    },
    takeForCaller: (request, reply, apiKey) => {
      const allowance = limiter.take("credential", apiKey);
      setCounters(reply, allowance);
      requireAllowed(allowance);
      if (request.routeOptions.config.bucket !== "refund") return;
      requireAllowed(limiter.take("refund", String(request.caller?.applicationId)));
    },
  };
}
