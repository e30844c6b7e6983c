import { afterEach, expect, it } from "vitest";
import { readFailpoint, readRuntime } from "../config/common.ts";
import { ConfigError, readEnv } from "../config/env.ts";
import { armFailpoint, failpoint, parseFailpoint } from "./failpoint.ts";

afterEach(() => armFailpoint(null));

it("reads name, passage and action; kills at the first passage when nothing else is said", () => {
  expect(parseFailpoint("relay.mid_batch")).toEqual({
    name: "relay.mid_batch",
    nth: 1,
    action: { kind: "kill" },
  });
  expect(parseFailpoint("a.b:3:throw")).toEqual({ name: "a.b", nth: 3, action: { kind: "throw" } });
  expect(parseFailpoint("a.b:stall=50")?.action).toEqual({ kind: "stall", ms: 50 });
  for (const text of ["", "a", "a.b:0", "a.b:explode", "a.b:1:stall", "A.b", "a.b:1:kill:2"])
    expect(parseFailpoint(text), text).toBeNull();
});

it("acts at the nth passage of its own name and at no other", async () => {
  await failpoint("a.b");
  armFailpoint(parseFailpoint("a.b:2:throw"));
  await failpoint("a.b");
  await failpoint("other.place");
  await expect(failpoint("a.b")).rejects.toThrow("a.b");
  await failpoint("a.b");
});

it("delays", async () => {
  armFailpoint(parseFailpoint("a.b:stall=30"));
  const begun = performance.now();
  await failpoint("a.b");
  expect(performance.now() - begun).toBeGreaterThan(25);
});

it("is refused in production, and so is nonsense", () => {
  const read = (env: Record<string, string>) =>
    readEnv(env, (reader) => ({ failpoint: readFailpoint(reader, readRuntime(reader)) }));
  expect(read({}).failpoint).toBeNull();
  expect(read({ FAILPOINT: "a.b" }).failpoint?.name).toBe("a.b");
  expect(() => read({ FAILPOINT: "a.b", NODE_ENV: "production" })).toThrow(ConfigError);
  expect(() => read({ FAILPOINT: "a" })).toThrow(ConfigError);
});
