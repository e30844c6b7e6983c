import type { Instant } from "@oi/kernel/instant";

/** `perSecond` comes back all the time; `burst` is the most that a bucket holds. */
export type Limit = { readonly perSecond: number; readonly burst: number };

/** What is counted apart. Each bucket of a kind belongs to one credential, one address or one application. */
export type BucketKind =
  | "credential"
  | "address"
  | "customer"
  | "gateway"
  | "refund"
  | "keyFailure"
  | "addressFailure";

export type RateLimits = Readonly<Record<BucketKind, Limit>>;

export type Bucket = { readonly tokens: number; readonly at: Instant };

export type Allowance = {
  readonly allowed: boolean;
  /** Until one token is there; 0 when the request was allowed. */
  readonly retryAfterSeconds: number;
  /** What may be sent at the announced rate, so never more than `limit.perSecond`. */
  readonly remaining: number;
  /** Until the bucket is full again, at least 1. */
  readonly resetSeconds: number;
  readonly limit: Limit;
};

export function fullBucket({ burst }: Limit, at: Instant): Bucket {
  return { tokens: burst, at };
}

/** What somebody gets whose bucket had to be forgotten: the base rate, so neither a new burst nor nothing. */
export function baseBucket({ perSecond, burst }: Limit, at: Instant): Bucket {
  return { tokens: Math.min(burst, Math.max(1, perSecond)), at };
}

/** A clock that was set back fills nothing, but the bucket goes on from there; otherwise it would stay empty for hours. */
function refill({ tokens, at }: Bucket, { perSecond, burst }: Limit, now: Instant): Bucket {
  const seconds = Math.max(0, now - at) / 1_000;
  return { tokens: Math.min(burst, tokens + seconds * perSecond), at: now };
}

function allowanceOf({ tokens }: Bucket, limit: Limit, allowed: boolean): Allowance {
  // The part of the burst above one second's worth is our tolerance and not a promise, so it is not announced.
  const tolerance = Math.max(0, limit.burst - limit.perSecond);
  return {
    allowed,
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((1 - tokens) / limit.perSecond)),
    remaining: Math.max(0, Math.floor(tokens - tolerance)),
    resetSeconds: Math.max(1, Math.ceil((limit.burst - tokens) / limit.perSecond)),
    limit,
  };
}

/** Takes one token when there is one. */
export function takeToken(
  bucket: Bucket,
  limit: Limit,
  now: Instant,
): { readonly bucket: Bucket; readonly allowance: Allowance } {
  const filled = refill(bucket, limit, now);
  const allowed = filled.tokens >= 1;
  const left = allowed ? { ...filled, tokens: filled.tokens - 1 } : filled;
  return { bucket: left, allowance: allowanceOf(left, limit, allowed) };
}

/** For what turned out not to count. */
export function giveTokenBack(bucket: Bucket, { burst }: Limit): Bucket {
  return { ...bucket, tokens: Math.min(burst, bucket.tokens + 1) };
}
