import type { Clock } from "@oi/platform/service/clock";
import type { RateLimiter } from "../../application/ports.ts";
import {
  type Bucket,
  type BucketKind,
  baseBucket,
  fullBucket,
  giveTokenBack,
  type Limit,
  type RateLimits,
  takeToken,
} from "../../domain/rate-limit.ts";

type Shelf = { readonly take: RateLimiter["take"]; readonly giveBack: RateLimiter["giveBack"] };

/** Buckets of one kind, the least recently used first: a Map keeps the order in which keys were set. */
function shelf(limit: Limit, clock: Clock, maxBuckets: number): Shelf {
  const buckets = new Map<string, Bucket>();
  /** Once something had to be forgotten, a new name may be an old one that comes back for another burst. */
  let forgot = false;
  const put = (key: string, bucket: Bucket): void => {
    buckets.delete(key);
    const [oldest] = buckets.keys();
    if (buckets.size >= maxBuckets && oldest !== undefined) {
      buckets.delete(oldest);
      forgot = true;
    }
    buckets.set(key, bucket);
  };
  return {
    take: (_, key) => {
      const now = clock.now();
      const known = buckets.get(key) ?? (forgot ? baseBucket(limit, now) : fullBucket(limit, now));
      const { bucket, allowance } = takeToken(known, limit, now);
      put(key, bucket);
      return allowance;
    },
    giveBack: (_, key) => {
      const known = buckets.get(key);
      if (known) buckets.set(key, giveTokenBack(known, limit));
    },
  };
}

/** Token buckets of this replica. `maxBuckets` bounds the memory of each kind. */
export function tokenBuckets(options: {
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly maxBuckets: number;
}): RateLimiter {
  const { limits, clock, maxBuckets } = options;
  const of = (kind: BucketKind): Shelf => shelf(limits[kind], clock, maxBuckets);
  const shelves: Readonly<Record<BucketKind, Shelf>> = {
    credential: of("credential"),
    address: of("address"),
    customer: of("customer"),
    gateway: of("gateway"),
    refund: of("refund"),
    keyFailure: of("keyFailure"),
    addressFailure: of("addressFailure"),
  };
  return {
    take: (kind, key) => shelves[kind].take(kind, key),
    giveBack: (kind, key) => shelves[kind].giveBack(kind, key),
  };
}
