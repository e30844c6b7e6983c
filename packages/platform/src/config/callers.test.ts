import { describe, expect, it } from "vitest";
import { readCallers, readRpcToken } from "./callers.ts";
import { ConfigError, type Env, readEnv } from "./env.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

const callersOf = (text: string, production = false) =>
  readEnv({ RPC_CALLERS: text }, (read) => ({ callers: readCallers(read, production) })).callers;

function problemsOf(text: string): readonly string[] {
  try {
    callersOf(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("RPC_CALLERS", () => {
  it("names callers, their tokens and what they may call, in commas or lines", () => {
    const text = `edge=${TOKEN}:oi.payments.v1.*|oi.webhooks.v1.DeliveriesService/Get*,\n console+actor=${TOKEN}==:*\n`;
    const callers = callersOf(text) ?? [];
    expect(callers.map(({ token, ...entry }) => ({ ...entry, token: token.reveal() }))).toEqual([
      {
        name: "edge",
        token: TOKEN,
        patterns: ["oi.payments.v1.*", "oi.webhooks.v1.DeliveriesService/Get*"],
        mayNameActor: false,
      },
      { name: "console", token: `${TOKEN}==`, patterns: ["*"], mayNameActor: true },
    ]);
    expect(JSON.stringify(callers)).not.toContain(TOKEN);
  });

  it("is required in production and only there", () => {
    const read = (production: boolean) => readEnv({}, (env) => ({ callers: readCallers(env, production) }));
    expect(read(false).callers).toBeNull();
    expect(() => read(true)).toThrow(/RPC_CALLERS: is required in production/);
  });

  it.each([
    ["edge", /entry 1 must be name=token:pattern/],
    ["edge:*", /entry 1 must be name=token:pattern/],
    [`Edge=${TOKEN}:*`, /entry 1 must begin with a name/],
    [`=${TOKEN}:*`, /entry 1 must begin with a name/],
    ["edge=short:*", /entry 1 \(edge\) must have a token of at least 32/],
    [`edge=${TOKEN} ${TOKEN}:*`, /\(edge\) must have a token/],
    [`ok=${TOKEN}:*,edge=${TOKEN}:`, /entry 2 \(edge\) must name RPCs/],
    [`edge=${TOKEN}:oi.*.v1`, /must name RPCs/],
    [`edge=${TOKEN}:oi.a.v1.S/Get|`, /must name RPCs/],
    [`edge=${TOKEN}:/Get`, /must name RPCs/],
  ])("has entries that can be understood: %s", (text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).not.toContain(TOKEN);
  });
});

it("reads the token that a service calls others with", () => {
  const read = (env: Env, production: boolean) =>
    readEnv(env, (reader) => ({ token: readRpcToken(reader, production) })).token?.reveal();
  expect(read({}, false)).toBeUndefined();
  expect(read({ RPC_TOKEN: TOKEN }, true)).toBe(TOKEN);
  expect(() => read({}, true)).toThrow(/RPC_TOKEN: is required in production/);
  expect(() => read({ RPC_TOKEN: "short" }, false)).toThrow(/RPC_TOKEN: must be at least 32/);
});
