import { createClient } from "@connectrpc/connect";
import { credentials, Client as GrpcClient } from "@grpc/grpc-js";
import {
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Serving,
} from "@oi/proto/grpc/health/v1/health";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { eventually } from "@oi/testkit/eventually";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Secret } from "../config/env.ts";
import { Health } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { type GrpcTransport, grpcTransport } from "./client.ts";
import { methodDefinition } from "./grpc-method.ts";
import { type RpcServer, startRpcServer } from "./server.ts";
import { mountService } from "./service.ts";

const NAME = "oi.payments.v1.ApplicationsService";

let isAway = false;
let health: Health;
let server: RpcServer;
let transport: GrpcTransport;

beforeEach(async () => {
  isAway = false;
  health = new Health([
    {
      name: "PostgreSQL",
      check: async () => {
        if (isAway) throw new Error("connect ECONNREFUSED");
      },
    },
  ]);
  server = await startRpcServer({
    services: [mountService(ApplicationsService, stubService(ApplicationsService, {}), silentLogger())],
    health,
    host: "127.0.0.1",
    rpcPort: 0,
    opsPort: 0,
    drainSeconds: 5,
    // Probes have neither token nor deadline.
    callers: [{ name: "edge", token: new Secret("t".repeat(32)), patterns: ["*"], mayNameActor: false }],
    deadlineRequired: true,
  });
  transport = grpcTransport(server.grpcAddress);
});

afterEach(async () => {
  transport[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const check = async (service: string) =>
  (await createClient(HealthService, transport).check({ service })).status;

/** A watch without a deadline, as probes make it; what it was told, and whether it was ended. */
function watch(service: string) {
  const told: Serving[] = [];
  const seen = { told, ended: false };
  const client = new GrpcClient(server.grpcAddress, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = methodDefinition(HealthService.method.watch);
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
    $typeName: HealthCheckRequestSchema.typeName,
    service,
  } as never);
  call.on("data", ({ status }: HealthCheckResponse) => told.push(status));
  call.on("error", () => undefined);
  call.on("end", () => {
    seen.ended = true;
  });
  return { ...seen, seen, stop: () => client.close(), cancel: () => call.cancel() };
}

it("answers for the server and for every service, and knows no other", async () => {
  expect(await check("")).toBe(Serving.SERVING);
  expect(await check(NAME)).toBe(Serving.SERVING);
  await expect(check("oi.nothing.v1.Service")).rejects.toMatchObject({ code: 5 });
});

it("does not serve while a dependency is away, and serves again after", async () => {
  isAway = true;
  expect(await check("")).toBe(Serving.NOT_SERVING);
  expect(await check(NAME)).toBe(Serving.NOT_SERVING);
  isAway = false;
  expect(await check(NAME)).toBe(Serving.SERVING);
});

it("does not serve once it drains", async () => {
  health.drain();
  expect(await check("")).toBe(Serving.NOT_SERVING);
  expect(await check(NAME)).toBe(Serving.NOT_SERVING);
});

it("tells its watchers each change once", async () => {
  const one = watch(NAME);
  const other = watch("oi.nothing.v1.Service");
  await eventually(() => expect(one.told).toEqual([Serving.SERVING]));
  isAway = true;
  await eventually(() => expect(one.told).toEqual([Serving.SERVING, Serving.NOT_SERVING]));
  isAway = false;
  await eventually(() => expect(one.told.at(-1)).toBe(Serving.SERVING));
  expect(one.told).toHaveLength(3);
  expect(other.told).toEqual([Serving.SERVICE_UNKNOWN]);
  one.cancel();
  other.cancel();
  one.stop();
  other.stop();
});

it("tells its watchers that it drains, and does not wait for them", async () => {
  const one = watch("");
  const other = watch("oi.nothing.v1.Service");
  await eventually(() => expect([...one.told, ...other.told]).toHaveLength(2));
  const begunMs = performance.now();
  await server[Symbol.asyncDispose]();
  expect(performance.now() - begunMs).toBeLessThan(2_000);
  expect(one.told).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
  await eventually(() => expect(one.seen.ended && other.seen.ended).toBe(true));
  one.stop();
  other.stop();
});
