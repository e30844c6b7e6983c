import { DomainError } from "@oi/kernel/errors";
import type { FastifyReply, FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import type { RateLimiter } from "../../application/ports.ts";
import { requestLimits } from "./request-limits.ts";

const limit = { perSecond: 5, burst: 5 };
const allowance = { allowed: true, retryAfterSeconds: 0, remaining: 4, resetSeconds: 1, limit };

/** A limiter whose buckets of one kind are empty, and which remembers what it was asked. */
function emptyFor(kind: string, taken: string[]): RateLimiter {
  return {
    take: (asked, key) => {
      taken.push(`${asked} ${key}`);
      return asked === kind ? { ...allowance, allowed: false, retryAfterSeconds: 3 } : allowance;
    },
    giveBack: () => undefined,
  };
}

function callOn(bucket: string, limiter: RateLimiter): void {
  const request = { routeOptions: { config: { bucket } }, caller: { applicationId: 42 } };
  const reply = { header: () => undefined };
  requestLimits(limiter, 0).takeForCaller(
    request as unknown as FastifyRequest,
    reply as unknown as FastifyReply,
    "key",
  );
}

test("a refund is limited by its application beside its credential, and nothing else is", () => {
  const taken: string[] = [];
  callOn("credential", emptyFor("refund", taken));
  expect(taken).toEqual(["credential key"]);
  expect(() => callOn("refund", emptyFor("refund", taken))).toThrow(DomainError);
  expect(taken.slice(1)).toEqual(["credential key", "refund 42"]);
});
