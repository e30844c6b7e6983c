import type { ServiceImpl } from "@connectrpc/connect";
import { DomainError } from "@oi/kernel/errors";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { describe, expect, it } from "vitest";
import { createLogger, silentLogger } from "../telemetry/logger.ts";
import { stubService } from "../testing/stub-service.ts";
import { inMemoryTransport, type RpcClient, rpcClient } from "./client.ts";
import { rpc } from "./errors.ts";
import { mountService } from "./service.ts";

type Handlers = Partial<ServiceImpl<typeof ApplicationsService>>;
type Line = Readonly<Record<string, unknown>>;

function service(handlers: Handlers): {
  readonly client: RpcClient<typeof ApplicationsService>;
  readonly lines: () => readonly Line[];
  readonly text: () => string;
} {
  const texts: string[] = [];
  const destination = { write: (line: string) => void texts.push(line) };
  const impl = stubService(ApplicationsService, handlers);
  const mounted = mountService(
    ApplicationsService,
    impl,
    createLogger({ service: "test", level: "info", destination }),
  );
  return {
    client: rpcClient(ApplicationsService, inMemoryTransport([mounted])),
    lines: () => texts.map((line) => JSON.parse(line) as Line),
    text: () => texts.join(""),
  };
}

describe("a request that breaks the contract's rules", () => {
  it("never reaches the handler and names every field as JSON has it", async () => {
    let reached = false;
    const { client } = service({
      updateSettings: () => {
        reached = true;
        return {};
      },
    });
    const call = rpc(
      client.updateSettings({ applicationId: 0n, minAmountMinor: -1n, name: "", latePaymentPolicy: 0 }),
    );
    await expect(call).rejects.toMatchObject({ reason: "VALIDATION_ERROR" });
    const refusal = await call.catch((error: DomainError) => error);
    expect(Object.keys((refusal as DomainError).fields).toSorted()).toEqual([
      "applicationId",
      "latePaymentPolicy",
      "minAmountMinor",
      "name",
    ]);
    expect((refusal as DomainError).message).toMatch(/^\w+: \S/);
    expect(reached).toBe(false);
  });

  it("is logged as what it is, without what was in it", async () => {
    const { client, lines, text } = service({});
    await client
      .authenticateCredential({ apiKey: "k".repeat(200), apiSecret: "hunter2".repeat(50) })
      .catch(() => {});
    expect(lines()).toMatchObject([
      { level: 30, rpc: "AuthenticateCredential", outcome: "VALIDATION_ERROR" },
    ]);
    expect(text()).not.toContain("hunter2");
    expect(text()).not.toContain("kkkk");
  });
});

describe("a call", () => {
  it("is one line with its name, outcome, time and request id, and nothing of its content", async () => {
    const { client, lines, text } = service({
      authenticateCredential: () => ({ applicationId: 7n, applicationName: "Private Shop" }),
    });
    const answer = await client.authenticateCredential(
      { apiKey: "oi_test_key", apiSecret: "hunter2" },
      { headers: { "x-request-id": "req-1", authorization: "Bearer topsecret" } },
    );
    expect(answer.applicationId).toBe(7n);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toEqual({
      level: 30,
      time: expect.any(String),
      service: "test",
      rpc: "AuthenticateCredential",
      outcome: "OK",
      ms: expect.any(Number),
      requestId: "req-1",
      msg: "rpc",
    });
    for (const hidden of ["hunter2", "oi_test_key", "Private Shop", "topsecret"]) {
      expect(text()).not.toContain(hidden);
    }
  });

  it("that is refused keeps its reason in the line, at the level of everyday life", async () => {
    const { client, lines } = service({
      getApplication: () => {
        throw new DomainError("RESOURCE_NOT_FOUND", "Application not found.");
      },
    });
    await expect(rpc(client.getApplication({ applicationId: 1n }))).rejects.toMatchObject({
      reason: "RESOURCE_NOT_FOUND",
      message: "Application not found.",
    });
    expect(lines()).toMatchObject([{ level: 30, outcome: "RESOURCE_NOT_FOUND" }]);
    expect(lines()[0]).not.toHaveProperty("err");
  });

  it("that fails on a peer is an error in the log, with its cause", async () => {
    const { client, lines } = service({
      getApplication: () => {
        const cause = new Error("connect ECONNREFUSED 10.0.0.7");
        throw new DomainError("SERVICE_UNAVAILABLE", "Not now.", { cause, retryAfterSeconds: 2 });
      },
    });
    const call = rpc(client.getApplication({ applicationId: 1n }));
    await expect(call).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE", retryAfterSeconds: 2 });
    expect(lines()).toMatchObject([{ level: 50, err: { message: "connect ECONNREFUSED 10.0.0.7" } }]);
  });
});

describe("a bug", () => {
  it.each([
    ["thrown", () => refuseWith(new TypeError("cannot read hunter2"))],
    ["rejected", () => Promise.reject(new TypeError("cannot read hunter2"))],
    ["that is no error at all", () => refuseWith("hunter2")],
  ])("%s becomes INTERNAL_ERROR, and its text is in the log alone", async (_, handler) => {
    const { client, lines, text } = service({ getApplication: handler as () => never });
    const error = await client.getApplication({ applicationId: 1n }).catch((caught: unknown) => caught);
    expect(await rpc(Promise.reject(error)).catch((caught: unknown) => caught)).toMatchObject({
      reason: "INTERNAL_ERROR",
      message: "Something went wrong on our side.",
    });
    expect(String(error)).not.toContain("hunter2");
    expect(lines()).toMatchObject([{ level: 50, outcome: "INTERNAL_ERROR", msg: "rpc failed" }]);
    expect(text()).toContain("hunter2");
  });
});

function refuseWith(what: unknown): never {
  throw what;
}

describe("a handler that hangs", () => {
  it("is answered for when the caller's time is up, and is told so", async () => {
    let aborted = false;
    const { client, lines } = service({
      getApplication: (_, { signal }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            aborted = true;
          });
        }),
    });
    const call = rpc(client.getApplication({ applicationId: 1n }, { timeoutMs: 50 }));
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await expect.poll(() => aborted).toBe(true);
    await expect.poll(lines).toMatchObject([{ outcome: "DEADLINE_EXCEEDED" }]);
  });

  it("is no bug when it ends because it was told to", async () => {
    const { client, lines } = service({
      getApplication: (_, { signal }) =>
        new Promise((__, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    const call = rpc(client.getApplication({ applicationId: 1n }, { timeoutMs: 50 }));
    await expect(call).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await expect.poll(lines).toMatchObject([{ outcome: "DEADLINE_EXCEEDED" }]);
  });
});

it("refuses to mount a service that lacks a handler", () => {
  expect(() => mountService(DeliveriesService, {} as never, silentLogger())).toThrow(/cannot be mounted/);
});
