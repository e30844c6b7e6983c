import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { DomainError } from "@oi/kernel/errors";
import { BadRequestSchema, ErrorInfoSchema } from "@oi/proto/google/rpc/error_details";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../config/env.ts";
import { Health } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { type RpcServer, type RpcServerOptions, startRpcServer } from "./server.ts";
import { mountService } from "./service.ts";

/**
 * Real: the gRPC door on a TCP port. Judge: the `buf` binary as a client that has no proto file and learns everything
 * by reflection, started in an empty folder.
 */
const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const BUF = join(ROOT, "node_modules/@bufbuild/buf/bin/buf");

const impl = stubService(ApplicationsService, {
  getApplication: ({ applicationId }) => {
    if (applicationId === 7n)
      throw new DomainError("RESOURCE_NOT_FOUND", "Application not found.", { metadata: { id: "7" } });
    return { application: { id: applicationId, name: "Shop" } };
  },
});

function start(options: Partial<RpcServerOptions> = {}): Promise<RpcServer> {
  return startRpcServer({
    services: [mountService(ApplicationsService, impl, silentLogger())],
    health: new Health([]),
    host: "127.0.0.1",
    rpcPort: 0,
    opsPort: 0,
    drainSeconds: 1,
    ...options,
  });
}

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

function buf(...args: readonly string[]): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge", ...args],
    {
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

type Failure = {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly type: string; readonly value: string }[];
};

const errorOf = ({ err }: Ended): Failure => JSON.parse(err) as Failure;

function detail<S extends DescMessage>({ details }: Failure, schema: S): MessageShape<S> {
  const found = details.find(({ type }) => type === schema.typeName);
  if (!found) throw new Error(`no ${schema.typeName} among the details`);
  return fromBinary(schema, Buffer.from(found.value, "base64"));
}

const GET = "oi.payments.v1.ApplicationsService/GetApplication";

describe("buf curl without any proto file", () => {
  let server: RpcServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(["grpc-v1", "grpc-v1alpha"])("lists services and methods by %s", async (protocol) => {
    const url = `http://${server.grpcAddress}`;
    const services = await buf("--reflect-protocol", protocol, "--list-services", url);
    expect(services.err).toBe("");
    expect(services.out.trim().split("\n")).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "oi.payments.v1.ApplicationsService",
    ]);
    const methods = await buf("--reflect-protocol", protocol, "--list-methods", url);
    expect(methods.out).toContain(GET);
    expect(methods.out).toContain("grpc.health.v1.Health/Watch");
  });

  it("calls a method and reads its answer", async () => {
    const answer = await buf(
      "--timeout",
      "5s",
      "-d",
      '{"applicationId":"5"}',
      `http://${server.grpcAddress}/${GET}`,
    );
    expect(answer.err).toBe("");
    expect(JSON.parse(answer.out)).toEqual({ application: { id: "5", name: "Shop" } });
  });

  it("gets a typed error with its details", async () => {
    const url = `http://${server.grpcAddress}/${GET}`;
    const refused = await buf("--timeout", "5s", "-d", '{"applicationId":"7"}', url);
    expect(refused.code).not.toBe(0);
    const failure = errorOf(refused);
    expect(failure).toMatchObject({ code: "not_found", message: "Application not found." });
    expect(failure.details.map(({ type }) => type)).toEqual(["google.rpc.ErrorInfo"]);
    expect(detail(failure, ErrorInfoSchema)).toMatchObject({
      reason: "RESOURCE_NOT_FOUND",
      domain: "oi",
      metadata: { id: "7" },
    });
    const invalid = errorOf(await buf("--timeout", "5s", "-d", '{"applicationId":"-1"}', url));
    expect(invalid.code).toBe("invalid_argument");
    expect(detail(invalid, ErrorInfoSchema)).toMatchObject({ reason: "VALIDATION_ERROR" });
    expect(detail(invalid, BadRequestSchema)).toMatchObject({
      fieldViolations: [{ field: "applicationId", description: expect.stringContaining("0") }],
    });
  });

  it("asks for health", async () => {
    const url = `http://${server.grpcAddress}/grpc.health.v1.Health/Check`;
    const answer = await buf("-d", '{"service":"oi.payments.v1.ApplicationsService"}', url);
    expect(JSON.parse(answer.out)).toEqual({ status: "SERVING" });
  });
});

it("explains nothing when reflection is off", async () => {
  await using server = await start({ reflection: false });
  const answer = await buf("--list-methods", `http://${server.grpcAddress}`);
  expect(answer.code).not.toBe(0);
  expect(answer.err).toContain("does not implement the method");
});

it("explains itself to known callers only, where callers are known", async () => {
  const token = "r".repeat(40);
  const callers = [{ name: "reporting", token: new Secret(token), patterns: [GET], mayNameActor: false }];
  await using server = await start({ callers, deadlineRequired: true });
  const url = `http://${server.grpcAddress}`;
  const unknown = await buf("--list-services", url);
  expect(unknown.code).not.toBe(0);
  expect(unknown.err).toContain("Say who you are");
  const header = `authorization: Bearer ${token}`;
  expect((await buf("--reflect-header", header, "--list-services", url)).out).toContain(
    "ApplicationsService",
  );
  const request = ["-d", '{"applicationId":"5"}', `${url}/${GET}`];
  const call = await buf("--reflect-header", header, "-H", header, "--timeout", "5s", ...request);
  expect(JSON.parse(call.out)).toMatchObject({ application: { id: "5" } });
  const endless = await buf("--reflect-header", header, "-H", header, ...request);
  expect(JSON.parse(endless.err)).toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining("deadline"),
  });
});
