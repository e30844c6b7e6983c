import { Code } from "@connectrpc/connect";
import { DomainError, ERROR_REASONS } from "@oi/kernel/errors";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { type GrpcTransport, grpcTransport, inMemoryTransport, type RpcClient, rpcClient } from "./client.ts";
import { ERROR_MAP } from "./error-map.ts";
import { rpc } from "./errors.ts";
import { type RpcServer, startRpcServer } from "./server.ts";
import { mountService } from "./service.ts";

const DETAILS = {
  metadata: { paymentStatus: "SUCCEEDED" },
  fields: { "items[0].name": "is too long" },
  retryAfterSeconds: 7,
};
const MESSAGE = "সব ঠিক নেই: 100 % “certain”\nand a second line";

/** The name of the application says how its handler behaves. */
const impl = stubService(ApplicationsService, {
  registerApplication: ({ name }) => {
    const reason = ERROR_REASONS.find((candidate) => candidate === name);
    if (reason) throw new DomainError(reason, MESSAGE, DETAILS);
    if (name === "bug") throw new TypeError("the secret reason");
    return { application: { id: 9_007_199_254_740_993n, name, receiptsEnabled: true }, replayed: true };
  },
  getApplication: (_, { requestHeader }) => ({
    application: { name: requestHeader.get("x-request-id") ?? "none" },
  }),
});

type Client = RpcClient<typeof ApplicationsService>;

let server: RpcServer;
let grpc: GrpcTransport;
const clients: Record<"gRPC" | "memory", Client | null> = { gRPC: null, memory: null };

beforeAll(async () => {
  const services = [mountService(ApplicationsService, impl, silentLogger())];
  server = await startRpcServer({
    services,
    health: new Health([]),
    host: "127.0.0.1",
    rpcPort: 0,
    opsPort: 0,
    drainSeconds: 1,
  });
  grpc = grpcTransport(server.grpcAddress);
  clients.gRPC = rpcClient(ApplicationsService, grpc);
  clients.memory = rpcClient(ApplicationsService, inMemoryTransport(services));
});

afterAll(async () => {
  grpc[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function clientOf(mount: "gRPC" | "memory"): Client {
  const client = clients[mount];
  if (!client) throw new Error("the doors are not open yet");
  return client;
}

function post(method: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.jsonUrl}/oi.payments.v1.ApplicationsService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

describe.each(["gRPC", "memory"] as const)("over %s", (mount) => {
  it("a call is answered", async () => {
    const answer = await clientOf(mount).registerApplication({ name: "Shop" });
    expect(answer).toMatchObject({
      application: { id: 9_007_199_254_740_993n, name: "Shop", receiptsEnabled: true },
      replayed: true,
      credentials: [],
    });
  });

  it("headers arrive", async () => {
    const headers = { "x-request-id": "req-7" };
    const answer = await clientOf(mount).getApplication({ applicationId: 1n }, { headers });
    expect(answer.application?.name).toBe("req-7");
  });

  it.each(ERROR_REASONS)("%s arrives with its details", async (reason) => {
    const call = rpc(clientOf(mount).registerApplication({ name: reason }));
    await expect(call).rejects.toMatchObject({ reason, message: MESSAGE, ...DETAILS });
  });

  it("a bug shows nothing of itself", async () => {
    const call = clientOf(mount).registerApplication({ name: "bug" });
    await expect(call).rejects.toMatchObject({ code: Code.Internal });
    await expect(call).rejects.not.toThrow(/secret reason/);
  });

  it("a broken rule names the field", async () => {
    const call = rpc(clientOf(mount).getApplication({ applicationId: -1n }));
    await expect(call).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
      fields: { applicationId: expect.stringContaining("0") },
    });
  });

  it("a call that its caller has given up already is not made", async () => {
    const call = rpc(
      clientOf(mount).getApplication({ applicationId: 1n }, { signal: AbortSignal.abort(new Error("gone")) }),
    );
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });
});

describe("over plain JSON", () => {
  it("a call is answered", async () => {
    const response = await post("RegisterApplication", '{"name":"Shop"}');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      application: { id: "9007199254740993", name: "Shop", receiptsEnabled: true },
      replayed: true,
    });
  });

  it("headers arrive", async () => {
    const response = await post("GetApplication", '{"applicationId":"1"}', { "x-request-id": "req-7" });
    expect(await response.json()).toEqual({ application: { name: "req-7" } });
  });

  it.each(ERROR_REASONS)("%s arrives with its details", async (reason) => {
    const response = await post("RegisterApplication", JSON.stringify({ name: reason }));
    const body = (await response.json()) as { code: string; message: string; details: { debug: unknown }[] };
    expect(response.ok).toBe(false);
    expect(body.message).toBe(MESSAGE);
    expect(body.code).toBe(
      Code[ERROR_MAP[reason].code]?.replaceAll(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
    );
    expect(body.details.map(({ debug }) => debug)).toEqual([
      { reason, domain: "oi", metadata: DETAILS.metadata },
      { fieldViolations: [{ field: "items[0].name", description: "is too long" }] },
      { retryDelay: "7s" },
    ]);
  });

  it("a bug shows nothing of itself", async () => {
    const response = await post("RegisterApplication", '{"name":"bug"}');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret reason");
  });

  it.each(['{"name":', "[]", '"text"', "", '{"name":7}', '{"nested":{"name":'])(
    "a body that is no such message is the caller's mistake: %s",
    async (body) => {
      const response = await post("RegisterApplication", body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_argument" });
    },
  );

  it("a body beyond the limit is refused, not read", async () => {
    const response = await post("RegisterApplication", JSON.stringify({ name: "x".repeat(1_100_000) }));
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ code: "resource_exhausted" });
  });

  it("another method, content type or path has its own answer", async () => {
    expect((await post("Nothing", "{}")).status).toBe(404);
    expect((await fetch(`${server.jsonUrl}/nowhere`)).status).toBe(404);
    const path = `${server.jsonUrl}/oi.payments.v1.ApplicationsService/RegisterApplication`;
    expect((await fetch(path)).status).toBe(405);
    expect((await fetch(path, { method: "POST", body: "name=Shop" })).status).toBe(415);
  });
});
