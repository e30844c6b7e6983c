import { DomainError } from "@oi/kernel/errors";
import { expect, it } from "vitest";
import { Secret } from "../config/env.ts";
import { createLogger, silentLogger } from "./logger.ts";

function linesOf(write: (log: ReturnType<typeof createLogger>) => void, level = "info"): string[] {
  const lines: string[] = [];
  write(createLogger({ service: "ledger", level, destination: { write: (line) => void lines.push(line) } }));
  return lines;
}

it("writes one JSON line with the service, the level, the time and the message", () => {
  const [line = ""] = linesOf((log) => log.info({ rpc: "Get" }, "rpc"));
  expect(line.endsWith("\n")).toBe(true);
  expect(JSON.parse(line)).toMatchObject({ level: 30, service: "ledger", rpc: "Get", msg: "rpc" });
  expect(JSON.parse(line).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it("keeps to its level", () => {
  expect(linesOf((log) => log.info("quiet"), "warn")).toEqual([]);
  expect(silentLogger().level).toBe("silent");
});

const FIELDS = [
  "apiSecret",
  "api_secret",
  "secret",
  "password",
  "storePassword",
  "authorization",
  "payload",
  "body",
  "x-api-secret",
];

it.each(FIELDS)("never writes the field %s, however deep it lies", (field) => {
  const at = { [field]: "hunter2" };
  const lines = linesOf((log) => {
    log.info(at);
    log.info({ a: at });
    log.info({ a: { b: at } });
    log.info({ a: { b: { c: at } } });
    log.info({ list: [at] });
    log.child({ a: at }).info("child");
    log.child({ a: 1 }).child({ a: at }).info("grandchild");
    log.error({ err: Object.assign(new Error("failed"), at) });
    log.error({ err: Object.assign(new Error("failed"), { request: { headers: at } }) });
  });
  expect(lines).toHaveLength(9);
  for (const line of lines) {
    expect(line).not.toContain("hunter2");
    expect(line).toContain("[secret]");
  }
});

it("leaves the caller's object as it was", () => {
  const request = { headers: { authorization: "Bearer x" } };
  linesOf((log) => log.info({ request }));
  expect(request.headers.authorization).toBe("Bearer x");
});

it("prints no Secret, whatever the field is called", () => {
  const [line] = linesOf((log) => log.info({ anything: new Secret("hunter2") }));
  expect(line).not.toContain("hunter2");
});

it("writes an error with its causes", () => {
  const error = new DomainError("SERVICE_UNAVAILABLE", "The database is away.", {
    cause: new Error("connect ECONNREFUSED"),
  });
  const [line = ""] = linesOf((log) => log.error({ err: error }, "rpc failed"));
  expect(line).toContain("ECONNREFUSED");
  expect(JSON.parse(line).err).toMatchObject({ type: "DomainError", reason: "SERVICE_UNAVAILABLE" });
});

it("ends with an object that holds itself", () => {
  const cycle: Record<string, unknown> = { name: "loop" };
  cycle.self = cycle;
  const [line] = linesOf((log) => log.info({ cycle }));
  expect(line).toContain('"name":"loop"');
});

it("hides a webhook's secret wherever it stands: in a message, a field, an error or its stack", () => {
  const secret = `whsec_${Buffer.alloc(32, 251).toString("base64")}`;
  const key = `whsk_${Buffer.alloc(32, 63).toString("base64")}`;
  const lines = linesOf((log) => {
    log.info(`signed with ${secret}`);
    log.info({ note: { deep: [`${secret},${key}`] } }, "fields");
    log.error({ err: new Error(`no such key ${key}`, { cause: new Error(secret) }) });
    log.child({ secrets: secret }).info("child");
  });
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    expect(line).not.toMatch(/wh(sec|sk)_[A-Za-z0-9+/]/);
    expect(line).toMatch(/wh(sec|sk)_\[secret\]/);
    expect(() => JSON.parse(line)).not.toThrow();
  }
});
