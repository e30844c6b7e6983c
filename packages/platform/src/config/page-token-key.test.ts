import { expect, it } from "vitest";
import { type Env, readEnv } from "./env.ts";
import { readPageTokenKey } from "./page-token-key.ts";

const keyOf = (env: Env, production: boolean): string =>
  readEnv(env, (read) => ({ key: readPageTokenKey(read, production) })).key.reveal();

it("is the same for every process that is given it, and a process's own without", () => {
  const env = { PAGE_TOKEN_KEY: "k".repeat(32) };
  expect(keyOf(env, true)).toBe(env.PAGE_TOKEN_KEY);
  expect(keyOf({}, false)).not.toBe(keyOf({}, false));
  expect(keyOf({}, false).length).toBeGreaterThanOrEqual(32);
});

it("is required in production and never short", () => {
  expect(() => keyOf({}, true)).toThrow(/PAGE_TOKEN_KEY: is required in production/);
  expect(() => keyOf({ PAGE_TOKEN_KEY: "short" }, false)).toThrow(/at least 32 characters/);
});
