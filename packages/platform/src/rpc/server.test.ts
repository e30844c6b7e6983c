import { createServer } from "node:net";
import type { ServiceImpl } from "@connectrpc/connect";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { eventually } from "@oi/testkit/eventually";
import { describe, expect, it } from "vitest";
import { Health, type HealthCheck } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { grpcTransport, type RpcClient, rpcClient } from "./client.ts";
import { rpc } from "./errors.ts";
import { type RpcServer, startRpcServer } from "./server.ts";
import { mountService } from "./service.ts";

type Impl = ServiceImpl<typeof ApplicationsService>;

function open(
  getApplication: Impl["getApplication"],
  options: {
    checks?: readonly HealthCheck[];
    drainSeconds?: number;
    rpcPort?: number;
    opsPort?: number;
  } = {},
): Promise<RpcServer> {
  const impl = stubService(ApplicationsService, { getApplication });
  return startRpcServer({
    services: [mountService(ApplicationsService, impl, silentLogger())],
    health: new Health(options.checks ?? []),
    host: "127.0.0.1",
    rpcPort: options.rpcPort ?? 0,
    opsPort: options.opsPort ?? 0,
    drainSeconds: options.drainSeconds ?? 5,
  });
}

const named = (name: string) => ({ application: { name } });

function connect(address: string): Disposable & { readonly client: RpcClient<typeof ApplicationsService> } {
  const transport = grpcTransport(address);
  return {
    client: rpcClient(ApplicationsService, transport),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

const ONE = { applicationId: 1n };

function getByJson(server: RpcServer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.jsonUrl}/oi.payments.v1.ApplicationsService/GetApplication`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: '{"applicationId":"1"}',
  });
}

/** A handler that waits until the test lets it go, and notes whether it was told to stop. */
function slowHandler() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen = { begun: 0, aborted: 0 };
  const handle: Impl["getApplication"] = async (_, { signal }) => {
    seen.begun += 1;
    signal.addEventListener("abort", () => {
      seen.aborted += 1;
    });
    await promise;
    return named("slow");
  };
  return { seen, handle, finish: resolve };
}

describe("a handler that hangs", () => {
  it("gives DEADLINE_EXCEEDED over gRPC, and its signal aborts", async () => {
    const { seen, handle } = slowHandler();
    await using server = await open(handle);
    using wire = connect(server.grpcAddress);
    const call = rpc(wire.client.getApplication(ONE, { timeoutMs: 150 }));
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await eventually(() => expect(seen).toEqual({ begun: 1, aborted: 1 }));
  });

  it("gives DEADLINE_EXCEEDED over JSON, and its signal aborts", async () => {
    const { seen, handle } = slowHandler();
    await using server = await open(handle);
    const response = await getByJson(server, { "connect-timeout-ms": "100" });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "deadline_exceeded" });
    expect(seen).toEqual({ begun: 1, aborted: 1 });
  });

  it("is told when its caller goes away, over both doors", async () => {
    const { seen, handle } = slowHandler();
    await using server = await open(handle, { drainSeconds: 1 });
    using wire = connect(server.grpcAddress);
    const leave = new AbortController();
    const call = rpc(wire.client.getApplication(ONE, { signal: leave.signal }));
    const visit = fetch(`${server.jsonUrl}/oi.payments.v1.ApplicationsService/GetApplication`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"applicationId":"1"}',
      signal: leave.signal,
    });
    await eventually(() => expect(seen.begun).toBe(2));
    leave.abort();
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await expect(visit).rejects.toThrow();
    await eventually(() => expect(seen.aborted).toBe(2));
  });
});

it("gives a caller without a deadline one, so that nobody waits for ever", async () => {
  let remainingMs: number | undefined;
  await using server = await open((_, { timeoutMs }) => {
    remainingMs = timeoutMs();
    return named("quick");
  });
  using wire = connect(server.grpcAddress);
  await wire.client.getApplication(ONE);
  expect(remainingMs).toBeGreaterThan(4_000);
  expect(remainingMs).toBeLessThanOrEqual(5_000);
});

describe("closing", () => {
  it("finishes the calls in flight over both doors and refuses new ones", async () => {
    const { seen, handle, finish } = slowHandler();
    const server = await open(handle);
    using wire = connect(server.grpcAddress);
    const byGrpc = wire.client.getApplication(ONE);
    const byJson = getByJson(server);
    await eventually(() => expect(seen.begun).toBe(2));
    const closing = server[Symbol.asyncDispose]();
    using late = connect(server.grpcAddress);
    await expect(rpc(late.client.getApplication(ONE, { timeoutMs: 1_000 }))).rejects.toMatchObject({
      reason: expect.stringMatching(/^(SERVICE_UNAVAILABLE|DEADLINE_EXCEEDED)$/),
    });
    expect(seen.begun).toBe(2);
    finish();
    expect((await byGrpc).application?.name).toBe("slow");
    const response = await byJson;
    expect(await response.json()).toEqual(named("slow"));
    await closing;
    await expect(getByJson(server)).rejects.toThrow();
  });

  it("finishes a call over JSON when no other is in flight, and ends its connection with it", async () => {
    const { seen, handle, finish } = slowHandler();
    const server = await open(handle);
    const call = getByJson(server);
    await eventually(() => expect(seen.begun).toBe(1));
    const closing = server[Symbol.asyncDispose]();
    await eventually(() => expect(fetch(`${server.jsonUrl}/healthz`)).rejects.toThrow());
    finish();
    const response = await call;
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.json()).toEqual(named("slow"));
    await closing;
  });

  it("says that it drains while it drains", async () => {
    const { seen, handle, finish } = slowHandler();
    const server = await open(handle);
    using wire = connect(server.grpcAddress);
    const call = wire.client.getApplication(ONE);
    await eventually(() => expect(seen.begun).toBe(1));
    const closing = server[Symbol.asyncDispose]();
    const ready = await fetch(`${server.jsonUrl}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: "not ready", problems: ["draining"] });
    expect((await fetch(`${server.jsonUrl}/healthz`)).status).toBe(200);
    finish();
    await call;
    await closing;
  });

  it("waits no longer than its limit for a call that never ends", async () => {
    const { seen, handle } = slowHandler();
    const server = await open(handle, { drainSeconds: 1 });
    using wire = connect(server.grpcAddress);
    const byGrpc = rpc(wire.client.getApplication(ONE));
    const byJson = getByJson(server);
    await eventually(() => expect(seen.begun).toBe(2));
    const begunMs = performance.now();
    const ends = Promise.allSettled([byGrpc, byJson]);
    await server[Symbol.asyncDispose]();
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(performance.now() - begunMs).toBeLessThan(2_500);
  });

  it("is quick when connections are open and idle", async () => {
    const server = await open(() => named("quick"), { drainSeconds: 30 });
    using wire = connect(server.grpcAddress);
    await wire.client.getApplication(ONE);
    await (await getByJson(server)).text();
    const begunMs = performance.now();
    await server[Symbol.asyncDispose]();
    expect(performance.now() - begunMs).toBeLessThan(1_000);
  });
});

it("answers SERVICE_UNAVAILABLE when nobody listens, and again when somebody does", async () => {
  const first = await open(() => named("first"));
  const port = Number(first.grpcAddress.split(":").at(1));
  using wire = connect(first.grpcAddress);
  expect((await wire.client.getApplication(ONE)).application?.name).toBe("first");
  await first[Symbol.asyncDispose]();
  await expect(rpc(wire.client.getApplication(ONE, { timeoutMs: 1_000 }))).rejects.toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    retryAfterSeconds: 1,
  });
  await using _second = await open(() => named("second"), { rpcPort: port });
  const answer = await eventually(() => wire.client.getApplication(ONE, { timeoutMs: 500 }));
  expect(answer.application?.name).toBe("second");
});

it("spreads its calls over every address of a service", async () => {
  await using one = await open(() => named("one"));
  await using two = await open(() => named("two"));
  using wire = connect(`ipv4:${one.grpcAddress},${two.grpcAddress}`);
  const counts = { one: 0, two: 0 };
  await eventually(async () => {
    const answer = await wire.client.getApplication(ONE);
    counts[answer.application?.name as "one" | "two"] += 1;
    expect(Math.min(counts.one, counts.two)).toBeGreaterThanOrEqual(5);
  });
});

describe("for probes", () => {
  it("is alive even when it is not ready, and says what is missing", async () => {
    let away = false;
    const check = async (): Promise<void> => {
      if (away) throw new Error("connect ECONNREFUSED 10.0.0.7");
    };
    await using server = await open(() => ({}), { checks: [{ name: "database", check }] });
    const ready = await fetch(`${server.jsonUrl}/readyz`);
    expect(ready.status).toBe(200);
    expect(ready.headers.get("cache-control")).toBe("no-store");
    expect(await ready.json()).toEqual({ status: "ready", problems: [] });
    away = true;
    const notReady = await fetch(`${server.jsonUrl}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({ status: "not ready", problems: ["database cannot be reached"] });
    const alive = await fetch(`${server.jsonUrl}/healthz`);
    expect(alive.status).toBe(200);
    expect(await alive.json()).toEqual({ status: "alive" });
  });
});

describe("a port that is taken", () => {
  it("is an error at the start, whichever door it is, and leaves the other door closed", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    const taken = typeof address === "object" && address ? address.port : 0;
    await expect(open(() => ({}), { rpcPort: taken })).rejects.toThrow();
    const probe = await open(() => ({}));
    const free = Number(probe.grpcAddress.split(":").at(1));
    await probe[Symbol.asyncDispose]();
    await expect(open(() => ({}), { rpcPort: free, opsPort: taken })).rejects.toThrow(/EADDRINUSE/);
    await using again = await open(() => ({}), { rpcPort: free });
    expect(again.grpcAddress).toBe(`127.0.0.1:${free}`);
    await new Promise((resolve) => holder.close(resolve));
  });
});
