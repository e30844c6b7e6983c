import { exampleCalls } from "@oi/tools/rpc-docs/calls";
import { EXAMPLE_TIME } from "@oi/tools/rpc-docs/example";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ServiceName } from "./environment.ts";
import { type Harness, startHarness } from "./harness.ts";

/**
 * Real: every service with its JSON door, on real PostgreSQL and NATS. Judge: what each example of `docs/rpc/` is
 * answered, which may be that something does not exist, but never that the example is not understood.
 */
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ transport: "memory" });
});

afterAll(() => harness[Symbol.asyncDispose]());

const CALLS = await exampleCalls();

/** The end of a stream says how it went; a unary call says so in its body. */
async function errorOf(response: Response): Promise<{ readonly code: string; readonly text: string }> {
  const text = await response.text();
  const [, code = "none"] = /"code":"(\w+)"/.exec(text) ?? [];
  return { code: response.ok && !text.includes('"error":{') ? "none" : code, text };
}

it("every RPC has an example", () => {
  expect(CALLS.length).toBeGreaterThan(20);
  expect(new Set(CALLS.map(({ service }) => service))).toEqual(new Set(["payments", "ledger", "webhooks"]));
});

it.each(CALLS)("the example of $path is understood", async ({ service, path, headers, body }) => {
  const { http } = harness.constellation.services[service as ServiceName];
  // Some times may not lie too far back; what takes the place of the example's is as long as it.
  const recent = `${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`;
  const sent = Buffer.from(body).toString("latin1").replaceAll(EXAMPLE_TIME, recent);
  const request = { method: "POST", headers, body: Buffer.from(sent, "latin1") };
  const { code, text } = await errorOf(await fetch(`${http}/${path}`, request));
  const isUnderstood = !["unimplemented", "invalid_argument", "internal", "unknown"].includes(code);
  expect(isUnderstood, `${code}: ${text}`).toBe(true);
});
