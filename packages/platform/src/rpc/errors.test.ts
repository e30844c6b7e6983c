import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { DomainError, ERROR_REASONS, type ErrorReason } from "@oi/kernel/errors";
import { ErrorReason as ProtoReason } from "@oi/proto/common/v1/error_reason";
import { ErrorInfoSchema } from "@oi/proto/google/rpc/error_details";
import { describe, expect, it } from "vitest";
import { ERROR_MAP } from "./error-map.ts";
import { fromRpcError, rpc, toConnectError } from "./errors.ts";

describe("the catalogue", () => {
  it("holds the same reasons in the kernel, the contract and the table", () => {
    const contract = Object.keys(ProtoReason);
    expect(contract.toSorted()).toEqual(["UNSPECIFIED", ...ERROR_REASONS].toSorted());
    expect(Object.keys(ERROR_MAP).toSorted()).toEqual([...ERROR_REASONS].toSorted());
  });

  it("answers each with a status that fits its code", () => {
    const statuses: Partial<Record<Code, readonly number[]>> = {
      [Code.InvalidArgument]: [400, 413, 415],
      [Code.Unauthenticated]: [401],
      [Code.PermissionDenied]: [403],
      [Code.NotFound]: [404],
      [Code.Unimplemented]: [405],
      [Code.AlreadyExists]: [409],
      [Code.FailedPrecondition]: [409],
      [Code.Aborted]: [409],
      [Code.ResourceExhausted]: [429],
      [Code.Internal]: [500],
      [Code.Unavailable]: [503],
      [Code.DeadlineExceeded]: [504],
    };
    for (const { code, http } of Object.values(ERROR_MAP)) expect(statuses[code]).toContain(http);
  });

  it("calls only those retryable whose unchanged repeat may succeed", () => {
    const retryable = ERROR_REASONS.filter((reason) => ERROR_MAP[reason].retryable);
    expect(retryable).toEqual([
      "IDEMPOTENCY_IN_PROGRESS",
      "RATE_LIMITED",
      "GATEWAY_UNAVAILABLE",
      "SERVICE_UNAVAILABLE",
      "DEADLINE_EXCEEDED",
    ]);
  });
});

describe("a refusal", () => {
  it.each(ERROR_REASONS)("%s arrives as it was sent", (reason) => {
    const sent = new DomainError(reason, "সব ঠিক নেই: 100 % of it", {
      metadata: { paymentStatus: "SUCCEEDED", other: "" },
      fields: { "items[0].name": "is too long", currency: "is unknown" },
      retryAfterSeconds: 7,
    });
    const arrived = fromRpcError(toConnectError(sent));
    expect(arrived).toBeInstanceOf(DomainError);
    for (const key of ["reason", "message", "fields", "metadata", "retryAfterSeconds"] as const) {
      expect(arrived[key]).toEqual(sent[key]);
    }
    expect(toConnectError(sent).code).toBe(ERROR_MAP[reason].code);
  });

  it.each(ERROR_REASONS)("%s arrives without details that were not sent", (reason) => {
    const arrived = fromRpcError(toConnectError(new DomainError(reason, "No.")));
    expect(arrived).toMatchObject({ reason, message: "No.", fields: {}, metadata: {} });
    expect(arrived.retryAfterSeconds).toBeUndefined();
  });

  it("never carries its cause", () => {
    const sent = new DomainError("INTERNAL_ERROR", "Something went wrong.", {
      cause: new Error("column secret_column does not exist"),
    });
    const error = toConnectError(sent);
    expect(error.cause).toBeUndefined();
    expect(inspect([error.message, error.details], { depth: 9 })).not.toContain("secret_column");
  });

  it("rounds the wait up to whole seconds, as the header has them", () => {
    const sent = new DomainError("RATE_LIMITED", "Slow down.", { retryAfterSeconds: 0.2 });
    expect(fromRpcError(toConnectError(sent)).retryAfterSeconds).toBe(1);
  });
});

describe("an error without our details", () => {
  const cases: [Code, ErrorReason, number | undefined][] = [
    [Code.Unavailable, "SERVICE_UNAVAILABLE", 1],
    [Code.ResourceExhausted, "SERVICE_UNAVAILABLE", 1],
    [Code.DeadlineExceeded, "DEADLINE_EXCEEDED", undefined],
    [Code.Canceled, "DEADLINE_EXCEEDED", undefined],
    [Code.Internal, "INTERNAL_ERROR", undefined],
    [Code.Unknown, "INTERNAL_ERROR", undefined],
    [Code.Unimplemented, "INTERNAL_ERROR", undefined],
    [Code.NotFound, "INTERNAL_ERROR", undefined],
  ];

  it.each(cases)("with code %i means %s", (code, reason, retryAfterSeconds) => {
    const cause = new ConnectError("14 UNAVAILABLE: connect to 10.0.0.7:9101", code);
    const error = fromRpcError(cause);
    expect(error).toMatchObject({ reason, retryAfterSeconds, cause });
    expect(error.message).not.toContain("10.0.0.7");
  });

  it("is judged by its code when the details are somebody else's", () => {
    for (const info of [
      { reason: "FORBIDDEN", domain: "googleapis.com" },
      { reason: "NO_SUCH_REASON", domain: "oi" },
    ]) {
      const detail = { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, info) };
      const error = new ConnectError("no", Code.Unavailable, undefined, [detail]);
      expect(fromRpcError(error).reason).toBe("SERVICE_UNAVAILABLE");
    }
  });

  it("is a bug when it is no error of a call at all", () => {
    expect(fromRpcError(new TypeError("x is not a function")).reason).toBe("INTERNAL_ERROR");
    expect(fromRpcError("text").reason).toBe("INTERNAL_ERROR");
  });
});

it("hands on what a call answers and translates what it refuses", async () => {
  expect(await rpc(Promise.resolve(7))).toBe(7);
  const refusal = toConnectError(new DomainError("FORBIDDEN", "No."));
  await expect(rpc(Promise.reject(refusal))).rejects.toMatchObject({ reason: "FORBIDDEN", message: "No." });
});
