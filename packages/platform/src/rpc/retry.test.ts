import { create } from "@bufbuild/protobuf";
import { DomainError, type ErrorReason } from "@oi/kernel/errors";
import {
  ApplicationsService,
  RegisterApplicationRequestSchema,
} from "@oi/proto/payments/v1/applications_service";
import {
  CheckoutService,
  OpenCheckoutRequestSchema,
  RecordGatewayCallbackRequestSchema,
} from "@oi/proto/payments/v1/checkout_service";
import { BatchCreatePaymentsRequestSchema, PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { type GrpcTransport, grpcTransport, rpcClient } from "./client.ts";
import { rpc } from "./errors.ts";
import { isRepeatable } from "./retry.ts";
import { type RpcServer, startRpcServer } from "./server.ts";
import { mountService } from "./service.ts";

/** What the next calls are refused with; a call beyond them is answered. */
let refusals: DomainError[] = [];
let calls = 0;

const answer = () => {
  calls += 1;
  const refusal = refusals.shift();
  if (refusal) throw refusal;
  return {};
};

let server: RpcServer;
let transport: GrpcTransport;

beforeAll(async () => {
  const applications = stubService(ApplicationsService, {
    getApplication: answer,
    registerApplication: answer,
    authenticateCredential: answer,
  });
  const checkouts = stubService(CheckoutService, { getCheckout: answer, openCheckout: answer as never });
  server = await startRpcServer({
    services: [
      mountService(ApplicationsService, applications, silentLogger()),
      mountService(CheckoutService, checkouts, silentLogger()),
    ],
    health: new Health([]),
    host: "127.0.0.1",
    rpcPort: 0,
    opsPort: 0,
    drainSeconds: 1,
  });
  transport = grpcTransport(server.grpcAddress);
});

afterAll(async () => {
  transport[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const away = (times: number, reason: ErrorReason = "SERVICE_UNAVAILABLE", retryAfterSeconds?: number) =>
  Array.from({ length: times }, () => {
    const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    return new DomainError(reason, "Not now.", details);
  });

/** How many calls arrived, and how it ended. */
async function attempts(refused: DomainError[], call: () => Promise<unknown>): Promise<[number, string]> {
  refusals = refused;
  calls = 0;
  const end = await rpc(call()).then(
    () => "answered",
    (error: DomainError) => error.reason,
  );
  return [calls, end];
}

const applications = () => rpcClient(ApplicationsService, transport);
const get = () => applications().getApplication({ applicationId: 1n });
const register = (idempotencyKey: string) =>
  applications().registerApplication({ name: "Shop", idempotencyKey });

describe("while the peer is unavailable", () => {
  it("a read is tried four times at most", async () => {
    expect(await attempts(away(2), get)).toEqual([3, "answered"]);
    expect(await attempts(away(9), get)).toEqual([4, "SERVICE_UNAVAILABLE"]);
  });

  it("so is a credential that is judged, and a mutation with a key", async () => {
    const judge = () => applications().authenticateCredential({ apiKey: "k", apiSecret: "s" });
    expect(await attempts(away(1), judge)).toEqual([2, "answered"]);
    expect(await attempts(away(3), () => register("k-1"))).toEqual([4, "answered"]);
  });

  it("a mutation without a key is tried once", async () => {
    expect(await attempts(away(1), () => register(""))).toEqual([1, "SERVICE_UNAVAILABLE"]);
  });

  it("a checkout is opened once", async () => {
    const client = rpcClient(CheckoutService, transport);
    expect(await attempts(away(1), () => client.openCheckout({ reference: "r" }))).toEqual([
      1,
      "SERVICE_UNAVAILABLE",
    ]);
  });

  it("a peer that asks for more patience than a moment is believed", async () => {
    expect(await attempts(away(1, "SERVICE_UNAVAILABLE", 1), get)).toEqual([1, "SERVICE_UNAVAILABLE"]);
  });

  it("no attempt begins after the caller's time", async () => {
    const begunMs = performance.now();
    const call = () => applications().getApplication({ applicationId: 1n }, { timeoutMs: 120 });
    const [made, end] = await attempts(away(9), call);
    expect(made).toBeLessThanOrEqual(3);
    expect(["SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain(end);
    expect(performance.now() - begunMs).toBeLessThan(400);
  });

  it("a caller that leaves is not called for again", async () => {
    const leave = new AbortController();
    setTimeout(() => leave.abort(), 20);
    const call = () => applications().getApplication({ applicationId: 1n }, { signal: leave.signal });
    expect((await attempts(away(9), call))[0]).toBeLessThanOrEqual(2);
  });
});

it.each(["RESOURCE_NOT_FOUND", "INTERNAL_ERROR", "IDEMPOTENCY_IN_PROGRESS", "RATE_LIMITED"] as const)(
  "%s is an answer, not a reason to try again",
  async (reason) => {
    expect(await attempts(away(1, reason), get)).toEqual([1, reason]);
  },
);

it("knows which calls can be repeated", () => {
  const payments = PaymentsService.method;
  const batch = (...keys: string[]) =>
    create(BatchCreatePaymentsRequestSchema, {
      requests: keys.map((idempotencyKey) => ({ idempotencyKey })),
    });
  expect(isRepeatable(payments.batchCreatePayments, batch("a", "b"))).toBe(true);
  expect(isRepeatable(payments.batchCreatePayments, batch("a", ""))).toBe(false);
  expect(isRepeatable(payments.batchCreatePayments, batch())).toBe(false);
  const open = create(OpenCheckoutRequestSchema, { reference: "r" });
  expect(isRepeatable(CheckoutService.method.openCheckout, open)).toBe(false);
  const claim = create(RecordGatewayCallbackRequestSchema, { gateway: "SSLCOMMERZ" });
  expect(isRepeatable(CheckoutService.method.recordGatewayCallback, claim)).toBe(true);
  const plain = create(RegisterApplicationRequestSchema, { name: "Shop" });
  expect(isRepeatable(ApplicationsService.method.registerApplication, plain)).toBe(false);
});
