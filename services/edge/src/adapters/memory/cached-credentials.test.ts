import { DomainError } from "@oi/kernel/errors";
import { beforeEach, expect, test } from "vitest";
import type { Caller, Credential, Credentials } from "../../application/ports.ts";
import { cachedCredentials } from "./cached-credentials.ts";

const caller: Caller = { applicationId: 42, mode: "TEST", applicationName: "Storefront" };
const credential: Credential = { apiKey: "k", apiSecret: "s" };
const trace = { requestId: "r", address: "192.0.2.1" };

let now = 1_000_000;
let asked: Credential[] = [];
let answer: () => Promise<Caller> = async () => caller;

beforeEach(() => {
  now = 1_000_000;
  asked = [];
  answer = async () => caller;
});

function cached(maxEntries = 10, seconds = 5): Credentials {
  const credentials: Credentials = {
    authenticate: (wanted) => {
      asked.push(wanted);
      return answer();
    },
  };
  return cachedCredentials({ credentials, clock: { now: () => now }, seconds, maxEntries });
}

test("asks once in five seconds, counted from the question", async () => {
  const credentials = cached();
  answer = async () => {
    now += 2_000;
    return caller;
  };
  expect(await credentials.authenticate(credential, trace)).toBe(caller);
  now += 2_999;
  expect(await credentials.authenticate(credential, trace)).toBe(caller);
  expect(asked).toHaveLength(1);
  now += 1;
  await credentials.authenticate(credential, trace);
  expect(asked).toHaveLength(2);
});

test("does not live longer when the clock is set back", async () => {
  const credentials = cached();
  await credentials.authenticate(credential, trace);
  now -= 60_000;
  await credentials.authenticate(credential, trace);
  expect(asked).toHaveLength(2);
});

test("misses that come together ask once", async () => {
  const credentials = cached();
  const waiting = Promise.withResolvers<Caller>();
  answer = () => waiting.promise;
  const all = Array.from({ length: 50 }, () => credentials.authenticate(credential, trace));
  waiting.resolve(caller);
  expect(new Set(await Promise.all(all))).toEqual(new Set([caller]));
  expect(asked).toHaveLength(1);
});

test("does not remember failures, and hands one to everybody who waited", async () => {
  const credentials = cached();
  answer = async () => {
    throw new DomainError("UNAUTHORIZED", "No.");
  };
  const results = await Promise.allSettled([
    credentials.authenticate(credential, trace),
    credentials.authenticate(credential, trace),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(asked).toHaveLength(1);
  answer = async () => caller;
  expect(await credentials.authenticate(credential, trace)).toBe(caller);
  expect(asked).toHaveLength(2);
});

test("tells credentials apart by key and secret, and by where one ends", async () => {
  const credentials = cached();
  const pairs = [
    ["k", "s"],
    ["k", "t"],
    ["l", "s"],
    ["ks", ""],
    ["", "ks"],
  ] as const;
  for (const [apiKey, apiSecret] of pairs) await credentials.authenticate({ apiKey, apiSecret }, trace);
  expect(asked).toHaveLength(5);
});

test("never holds more than it may, and drops the oldest first", async () => {
  const credentials = cached(2);
  const ask = (apiKey: string) => credentials.authenticate({ apiKey, apiSecret: "s" }, trace);
  for (const key of ["a", "b", "c"]) await ask(key);
  await ask("c");
  await ask("b");
  expect(asked).toHaveLength(3);
  await ask("a");
  expect(asked).toHaveLength(4);
});

test("remembers nothing for zero seconds", async () => {
  const credentials = cached(10, 0);
  await credentials.authenticate(credential, trace);
  await credentials.authenticate(credential, trace);
  expect(asked).toHaveLength(2);
});
