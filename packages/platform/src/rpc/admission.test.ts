import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { credentials, Client as GrpcClient, type ServiceError } from "@grpc/grpc-js";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { eventually } from "@oi/testkit/eventually";
import { describe, expect, it } from "vitest";
import { Secret } from "../config/env.ts";
import { Health } from "../service/health.ts";
import { createLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { callerOf } from "./caller.ts";
import { grpcTransport, inMemoryTransport, rpcClient } from "./client.ts";
import { rpc } from "./errors.ts";
import { methodDefinition } from "./grpc-method.ts";
import { onward } from "./onward.ts";
import { type RpcServerOptions, startRpcServer } from "./server.ts";
import { mountService } from "./service.ts";

type Handler = ServiceImpl<typeof ApplicationsService>["getApplication"];

const TOKEN = "t".repeat(32);
const ONE = { applicationId: 1n };
const METHOD = "oi.payments.v1.ApplicationsService/GetApplication";

async function open(getApplication: Handler, options: Partial<RpcServerOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    service: "test",
    level: "info",
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  const services = [
    mountService(ApplicationsService, stubService(ApplicationsService, { getApplication }), log),
  ];
  const server = await startRpcServer({
    services,
    health: new Health([]),
    host: "127.0.0.1",
    rpcPort: 0,
    opsPort: 0,
    drainSeconds: 1,
    ...options,
  });
  const transport = grpcTransport(server.grpcAddress);
  return {
    server,
    services,
    lines,
    client: rpcClient(ApplicationsService, transport),
    /** A caller of another make, which names a deadline only when it is given one. */
    raw: (bytes?: Buffer, deadline?: number) => callRaw(server.grpcAddress, bytes, deadline),
    [Symbol.asyncDispose]: async () => {
      transport[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function callRaw(
  address: string,
  bytes: Buffer = Buffer.from([0x08, 1]),
  deadline?: number,
): Promise<unknown> {
  const client = new GrpcClient(address, credentials.createInsecure());
  const { path } = methodDefinition(ApplicationsService.method.getApplication);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: Buffer) => message,
      (message) => message,
      bytes,
      deadline === undefined ? {} : { deadline },
      (error: ServiceError | null, answer) => {
        client.close();
        if (error) reject(error);
        else resolve(answer);
      },
    );
  });
}

const named = (name: string) => ({ application: { name } });

const whoIs: Handler = (_, context) => named(JSON.stringify(callerOf(context)));

describe("a call without a deadline", () => {
  it("is refused on the gRPC door where deadlines are required", async () => {
    let calls = 0;
    await using at = await open(
      () => {
        calls += 1;
        return named("x");
      },
      { deadlineRequired: true },
    );
    await expect(at.raw()).rejects.toMatchObject({ code: 3, details: expect.stringContaining("deadline") });
    await at.raw(undefined, Date.now() + 1_000);
    expect(calls).toBe(1);
    expect(at.lines).toMatchObject([{ outcome: "VALIDATION_ERROR" }, { outcome: "OK" }]);
  });

  it("elsewhere gets five seconds, and one warning per method", async () => {
    const seen: (number | undefined)[] = [];
    await using at = await open((_, { timeoutMs }) => {
      seen.push(timeoutMs());
      return named("x");
    });
    for (let i = 0; i < 3; i++) await at.raw();
    for (const remaining of seen) {
      expect(remaining).toBeGreaterThan(4_500);
      expect(remaining).toBeLessThanOrEqual(5_000);
    }
    const warnings = at.lines.filter(({ level }) => level === 40);
    expect(warnings).toMatchObject([{ rpc: METHOD, caller: "local", setMs: 5_000 }]);
  });

  it("gets them on the JSON door too, where nobody is warned", async () => {
    let remaining: number | undefined;
    await using at = await open(
      (_, { timeoutMs }) => {
        remaining = timeoutMs();
        return named("x");
      },
      { deadlineRequired: true },
    );
    const response = await fetch(`${at.server.jsonUrl}/${METHOD}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"applicationId":"1"}',
    });
    expect(response.status).toBe(200);
    expect(remaining).toBeGreaterThan(4_500);
    expect(at.lines).toHaveLength(1);
  });
});

describe("a deadline", () => {
  it("that is over is refused before any work", async () => {
    let calls = 0;
    await using at = await open(() => {
      calls += 1;
      return named("x");
    });
    const call = rpc(at.client.getApplication(ONE, { timeoutMs: 0 }));
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    const [service] = at.services;
    const { handle } = service?.methods.get("GetApplication") ?? {};
    const expired = { ...contextLike(), timeoutMs: () => -1 } as unknown as HandlerContext;
    const refused = handle?.({ $typeName: "x" }, expired);
    await expect(rpc(Promise.resolve(refused))).rejects.toMatchObject({
      reason: "DEADLINE_EXCEEDED",
      message: expect.stringContaining("before it began"),
    });
    expect(calls).toBe(0);
  });

  it("aborts the handler's signal when it comes", async () => {
    let abortedAfterMs = 0;
    await using at = await open((_, { signal }) => {
      const begunMs = performance.now();
      return new Promise((__, reject) => {
        signal.addEventListener("abort", () => {
          abortedAfterMs = performance.now() - begunMs;
          reject(signal.reason);
        });
      });
    });
    const call = rpc(at.client.getApplication(ONE, { timeoutMs: 200 }));
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await eventually(() => expect(abortedAfterMs).toBeGreaterThan(100));
    expect(abortedAfterMs).toBeLessThan(400);
  });

  it("is passed on, less what the way back takes, with the request id", async () => {
    const seen: { remaining: number | undefined; requestId: string | null }[] = [];
    await using far = await open((_, { timeoutMs, requestHeader }) => {
      seen.push({ remaining: timeoutMs(), requestId: requestHeader.get("x-request-id") });
      return named("far");
    });
    await using near = await open(async (_, context) => {
      seen.push({ remaining: context.timeoutMs(), requestId: null });
      return rpc(far.client.getApplication(ONE, onward(context)));
    });
    const headers = { "x-request-id": "req-9" };
    await near.client.getApplication(ONE, { timeoutMs: 1_000, headers });
    const [first, second] = seen;
    expect(second?.requestId).toBe("req-9");
    expect((first?.remaining ?? 0) - (second?.remaining ?? 0)).toBeGreaterThanOrEqual(20);
    expect(second?.remaining).toBeGreaterThan(700);
  });

  it("that is passed on ends the far call with the near one", async () => {
    let aborted = 0;
    await using far = await open((_, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted += 1;
      });
      return new Promise(() => undefined);
    });
    await using near = await open((_, context) => rpc(far.client.getApplication(ONE, onward(context))));
    const call = rpc(near.client.getApplication(ONE, { timeoutMs: 250 }));
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await eventually(() => expect(aborted).toBe(1));
  });
});

function contextLike() {
  const values = new Map<unknown, unknown>();
  const access = {
    get: (key: { id: unknown; defaultValue: unknown }) => values.get(key.id) ?? key.defaultValue,
    set: (key: { id: unknown }, value: unknown) => values.set(key.id, value),
  };
  return {
    service: ApplicationsService,
    method: ApplicationsService.method.getApplication,
    requestHeader: new Headers(),
    signal: new AbortController().signal,
    values: access,
  };
}

describe("who calls", () => {
  const callers = [
    { name: "edge", token: new Secret(TOKEN), patterns: ["oi.payments.v1.*"], mayNameActor: true },
    { name: "mail", token: new Secret("m".repeat(32)), patterns: ["oi.ledger.v1.*"], mayNameActor: false },
  ];

  it("is what the handler learns and the log tells, over both doors", async () => {
    await using at = await open(whoIs, { callers });
    const headers = { authorization: `Bearer ${TOKEN}`, "oi-actor": "rahim" };
    const byGrpc = await at.client.getApplication(ONE, { headers });
    expect(byGrpc.application?.name).toBe('{"name":"edge","actor":"rahim"}');
    const byJson = await fetch(`${at.server.jsonUrl}/${METHOD}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"applicationId":"1"}',
    });
    expect(await byJson.json()).toEqual(named('{"name":"edge","actor":"rahim"}'));
    expect(at.lines).toMatchObject([
      { caller: "edge", actor: "rahim" },
      { caller: "edge", actor: "rahim" },
    ]);
    expect(JSON.stringify(at.lines)).not.toContain(TOKEN);
  });

  it("is what the token of a transport says", async () => {
    await using at = await open(whoIs, { callers });
    using transport = grpcTransport(at.server.grpcAddress, { token: new Secret(TOKEN) });
    const answer = await rpcClient(ApplicationsService, transport).getApplication(ONE);
    expect(answer.application?.name).toBe('{"name":"edge","actor":null}');
  });

  it.each([
    [undefined, "UNAUTHORIZED", 401],
    ["Bearer nobody", "UNAUTHORIZED", 401],
    [`Bearer ${"m".repeat(32)}`, "FORBIDDEN", 403],
  ])("is refused over both doors before the message is read: %s", async (authorization, reason, status) => {
    await using at = await open(whoIs, { callers });
    const headers = authorization === undefined ? undefined : { authorization };
    const bad = { applicationId: -1n };
    const call = rpc(at.client.getApplication(bad, headers ? { headers } : {}));
    await expect(call).rejects.toMatchObject({ reason });
    const response = await fetch(`${at.server.jsonUrl}/${METHOD}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"applicationId":"-1"}',
    });
    expect(response.status).toBe(status);
  });

  it("is local on a machine without configured callers, and inside one process", async () => {
    await using at = await open(whoIs);
    const local = '{"name":"local","actor":null}';
    expect((await at.client.getApplication(ONE)).application?.name).toBe(local);
    const memory = rpcClient(ApplicationsService, inMemoryTransport(at.services));
    expect((await memory.getApplication(ONE)).application?.name).toBe(local);
    const headers = { "oi-actor": "rahim" };
    expect((await memory.getApplication(ONE, { headers })).application?.name).toContain("rahim");
  });
});

it("answers bytes that are no message as the caller's mistake, not as its own", async () => {
  await using at = await open(() => named("x"));
  const call = at.raw(Buffer.from([0x08, 0xff, 0xff]), Date.now() + 1_000);
  await expect(call).rejects.toMatchObject({
    code: 3,
    details: expect.stringContaining("oi.payments.v1.GetApplicationRequest"),
  });
});

it("keeps its services to the gRPC door when JSON is off, and answers probes", async () => {
  await using at = await open(() => named("x"), { json: false });
  const response = await fetch(`${at.server.jsonUrl}/${METHOD}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"applicationId":"1"}',
  });
  expect(response.status).toBe(404);
  expect((await fetch(`${at.server.jsonUrl}/healthz`)).status).toBe(200);
  expect((await at.client.getApplication(ONE)).application?.name).toBe("x");
});
