import { expect, test } from "vitest";
import type { Limit } from "../../domain/rate-limit.ts";
import { tokenBuckets } from "./token-buckets.ts";

const limit: Limit = { perSecond: 2, burst: 4 };
const limits = {
  credential: limit,
  address: limit,
  customer: limit,
  gateway: limit,
  refund: limit,
  keyFailure: limit,
  addressFailure: limit,
};

function buckets(maxBuckets: number) {
  return tokenBuckets({ limits, clock: { now: () => 1_000 }, maxBuckets });
}

function countAllowed(take: () => { readonly allowed: boolean }): number {
  return Array.from({ length: 10 }, take).filter(({ allowed }) => allowed).length;
}

test("keys and kinds are counted apart", () => {
  const limiter = buckets(10);
  expect(countAllowed(() => limiter.take("address", "a"))).toBe(4);
  expect(countAllowed(() => limiter.take("address", "b"))).toBe(4);
  expect(countAllowed(() => limiter.take("customer", "a"))).toBe(4);
});

test("what is given back can be taken again", () => {
  const limiter = buckets(10);
  countAllowed(() => limiter.take("address", "a"));
  limiter.giveBack("address", "a");
  limiter.giveBack("address", "never seen");
  expect(countAllowed(() => limiter.take("address", "a"))).toBe(1);
});

test("a flood of names pushes out the idle, who come back to the base rate and not to a new burst", () => {
  const limiter = buckets(2);
  limiter.take("address", "a");
  for (let i = 0; i < 1_000; i++) limiter.take("address", `name-${i}`);
  expect(countAllowed(() => limiter.take("address", "a"))).toBe(2);
});

test("who is active is not pushed out", () => {
  const limiter = buckets(2);
  countAllowed(() => limiter.take("address", "a"));
  for (let i = 0; i < 100; i++) {
    limiter.take("address", `name-${i}`);
    expect(limiter.take("address", "a").allowed).toBe(false);
  }
});
