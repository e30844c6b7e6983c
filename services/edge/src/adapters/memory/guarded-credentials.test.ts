import { DomainError } from "@oi/kernel/errors";
import { beforeEach, expect, test } from "vitest";
import type { Caller, Credential, Credentials } from "../../application/ports.ts";
import type { Limit } from "../../domain/rate-limit.ts";
import { guardedCredentials } from "./guarded-credentials.ts";
import { tokenBuckets } from "./token-buckets.ts";

const caller: Caller = { applicationId: 42, mode: "TEST", applicationName: "Storefront" };
const RIGHT: Credential = { apiKey: "k", apiSecret: "right" };
const wrong = (n: number): Credential => ({ apiKey: "k", apiSecret: `wrong-${n}` });
const from = (address: string) => ({ requestId: "r", address });
const failures: Limit = { perSecond: 3 / 60, burst: 3 };
const plenty: Limit = { perSecond: 100, burst: 100 };

let now = 0;
let asked = 0;
let failure: DomainError | null = null;
let credentials: Credentials;

beforeEach(() => {
  now = 1_000_000;
  asked = 0;
  failure = null;
  const limits = {
    credential: plenty,
    address: plenty,
    customer: plenty,
    gateway: plenty,
    refund: plenty,
    keyFailure: failures,
    addressFailure: { ...failures, burst: 5 },
  };
  credentials = guardedCredentials({
    credentials: {
      authenticate: async ({ apiSecret }) => {
        asked += 1;
        if (failure !== null) throw failure;
        if (apiSecret !== RIGHT.apiSecret) throw new DomainError("UNAUTHORIZED", "No.");
        return caller;
      },
    },
    limiter: tokenBuckets({ limits, clock: { now: () => now }, maxBuckets: 100 }),
    maxEntries: 2,
  });
});

const reasonOf = async (credential: Credential, address = "a"): Promise<string> => {
  try {
    await credentials.authenticate(credential, from(address));
    return "ok";
  } catch (error) {
    return error instanceof DomainError ? error.reason : String(error);
  }
};

test("guesses sent together are stopped before the question", async () => {
  const seen = await Promise.all(Array.from({ length: 50 }, (_, n) => reasonOf(wrong(n), `address-${n}`)));
  expect(seen.filter((reason) => reason === "UNAUTHORIZED")).toHaveLength(3);
  expect(seen.filter((reason) => reason === "RATE_LIMITED")).toHaveLength(47);
  expect(asked).toBe(3);
});

test("one address cannot try many keys", async () => {
  const keys = Array.from({ length: 9 }, (_, n) => reasonOf({ apiKey: `key-${n}`, apiSecret: "s" }));
  expect((await Promise.all(keys)).filter((reason) => reason === "UNAUTHORIZED")).toHaveLength(5);
});

test("time gives one try after the other back, and says when", async () => {
  for (let n = 0; n < 3; n++) await reasonOf(wrong(n));
  await expect(credentials.authenticate(wrong(9), from("a"))).rejects.toMatchObject({
    reason: "RATE_LIMITED",
    retryAfterSeconds: 20,
  });
  now += 20_001;
  expect(await reasonOf(wrong(10))).toBe("UNAUTHORIZED");
  expect(await reasonOf(wrong(11))).toBe("RATE_LIMITED");
});

test("a merchant who was right stays right while others guess at the key", async () => {
  expect(await reasonOf(RIGHT)).toBe("ok");
  for (let n = 0; n < 20; n++) await reasonOf(wrong(n), `address-${n}`);
  expect(await reasonOf(RIGHT)).toBe("ok");
});

test("success and our own trouble cost nothing", async () => {
  for (let n = 0; n < 20; n++) expect(await reasonOf(RIGHT)).toBe("ok");
  failure = new DomainError("SERVICE_UNAVAILABLE", "Down.");
  for (let n = 0; n < 20; n++) expect(await reasonOf(wrong(n))).toBe("SERVICE_UNAVAILABLE");
  failure = null;
  expect(await reasonOf(wrong(0))).toBe("UNAUTHORIZED");
});

test("a credential that stops being right is guarded again", async () => {
  expect(await reasonOf(RIGHT)).toBe("ok");
  failure = new DomainError("UNAUTHORIZED", "Revoked.");
  const seen: string[] = [];
  for (let n = 0; n < 6; n++) seen.push(await reasonOf(RIGHT));
  // The first question was free, since the credential had been right.
  expect(seen).toEqual([...Array.from({ length: 4 }, () => "UNAUTHORIZED"), "RATE_LIMITED", "RATE_LIMITED"]);
  expect(asked).toBe(5);
});
