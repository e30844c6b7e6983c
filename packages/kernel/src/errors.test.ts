import { expect, it } from "vitest";
import { assert, InvariantBroken, unreachable } from "./assert.ts";
import { DomainError, ERROR_REASONS, invalid, notFound, VersionConflict } from "./errors.ts";

it("lists every reason once, in the form that travels", () => {
  expect(new Set(ERROR_REASONS).size).toBe(ERROR_REASONS.length);
  for (const reason of ERROR_REASONS) expect(reason).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
});

it("carries what a caller may know, and its cause apart from it", () => {
  const cause = new Error("inside");
  const error = new DomainError("RATE_LIMITED", "Slow down.", {
    metadata: { limit: "100" },
    fields: { name: "too long" },
    retryAfterSeconds: 3,
    cause,
  });
  expect(error).toMatchObject({
    name: "DomainError",
    reason: "RATE_LIMITED",
    message: "Slow down.",
    metadata: { limit: "100" },
    fields: { name: "too long" },
    retryAfterSeconds: 3,
  });
  expect(error.cause).toBe(cause);
  expect(error).toBeInstanceOf(Error);
});

it("has empty details when none are given", () => {
  const error = new DomainError("FORBIDDEN", "No.");
  expect(error.metadata).toEqual({});
  expect(error.fields).toEqual({});
  expect(error.retryAfterSeconds).toBeUndefined();
});

it("names the first bad field in the message and keeps them all", () => {
  const error = invalid({ amount: "must be positive", currency: "is unknown" });
  expect(error.reason).toBe("VALIDATION_ERROR");
  expect(error.message).toBe("amount: must be positive");
  expect(error.fields).toEqual({ amount: "must be positive", currency: "is unknown" });
  expect(invalid({}).message).toBe("The request is not valid.");
});

it("says what was not found", () => {
  expect(notFound("Payment")).toMatchObject({ reason: "RESOURCE_NOT_FOUND", message: "Payment not found." });
});

it("keeps a version conflict apart from refusals: it never leaves a service", () => {
  expect(new VersionConflict()).not.toBeInstanceOf(DomainError);
});

it("raises a broken invariant, which is no refusal either", () => {
  expect(() => assert(true, "fine")).not.toThrow();
  expect(() => assert(false, "the sum must be zero")).toThrow(new InvariantBroken("the sum must be zero"));
  expect(new InvariantBroken("x")).not.toBeInstanceOf(DomainError);
});

it("raises for a case that cannot be", () => {
  expect(() => unreachable("third" as never)).toThrow(/unexpected value third/);
});
