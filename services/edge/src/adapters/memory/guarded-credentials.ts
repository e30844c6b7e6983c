import { DomainError } from "@oi/kernel/errors";
import type { Credential, Credentials, Origin, RateLimiter } from "../../application/ports.ts";
import { tooManyRequests } from "../../application/too-many-requests.ts";
import type { BucketKind } from "../../domain/rate-limit.ts";
import { digestOf } from "./credential-digest.ts";

/** Digests of credentials that were right when they were last asked about, the oldest forgotten first. */
function lastingDigests(maxEntries: number) {
  const digests = new Set<string>();
  return {
    has: (digest: string): boolean => digests.has(digest),
    forget: (digest: string): void => {
      digests.delete(digest);
    },
    add: (digest: string): void => {
      digests.delete(digest);
      const [oldest] = digests;
      if (digests.size >= maxEntries && oldest !== undefined) digests.delete(oldest);
      digests.add(digest);
    },
  };
}

function isWrong(error: unknown): boolean {
  return error instanceof DomainError && ["UNAUTHORIZED", "VALIDATION_ERROR"].includes(error.reason);
}

/**
 * Lets nobody guess: a failure costs its key and its address one token each, taken before the question so that guesses
 * sent together are counted too, and given back when the answer is no failure. A credential that was right last time
 * is always asked about, or whoever knows a merchant's key could shut the merchant out. Raises RATE_LIMITED.
 */
export function guardedCredentials(options: {
  readonly credentials: Credentials;
  readonly limiter: RateLimiter;
  readonly maxEntries: number;
}): Credentials {
  const { credentials, limiter, maxEntries } = options;
  const right = lastingDigests(maxEntries);

  const reserve = (buckets: readonly (readonly [BucketKind, string])[]): void => {
    const taken = buckets.map(([kind, key]) => ({ kind, key, allowance: limiter.take(kind, key) }));
    const refused = taken.filter(({ allowance }) => !allowance.allowed);
    if (refused.length === 0) return;
    for (const { kind, key, allowance } of taken) if (allowance.allowed) limiter.giveBack(kind, key);
    const seconds = Math.max(...refused.map(({ allowance }) => allowance.retryAfterSeconds));
    throw tooManyRequests("Too many failed authentications.", seconds);
  };

  const ask = async (credential: Credential, origin: Origin, digest: string) => {
    try {
      const caller = await credentials.authenticate(credential, origin);
      right.add(digest);
      return caller;
    } catch (error) {
      if (isWrong(error)) right.forget(digest);
      throw error;
    }
  };

  return {
    authenticate: async (credential, origin) => {
      const digest = digestOf(credential);
      if (right.has(digest)) return await ask(credential, origin, digest);
      const buckets = [
        ["keyFailure", credential.apiKey],
        ["addressFailure", origin.address],
      ] as const;
      reserve(buckets);
      const giveBack = (): void => {
        for (const [kind, key] of buckets) limiter.giveBack(kind, key);
      };
      try {
        const caller = await ask(credential, origin, digest);
        giveBack();
        return caller;
      } catch (error) {
        if (!isWrong(error)) giveBack();
        throw error;
      }
    },
  };
}
