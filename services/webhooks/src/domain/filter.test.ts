import { expect, it } from "vitest";
import { typeOfSubject } from "./event.ts";
import { patternsFor, takes } from "./filter.ts";

it("knows every entry that takes a type", () => {
  expect(patternsFor("payment.succeeded")).toEqual(["*", "payment.*", "payment.succeeded"]);
  expect(patternsFor("a.b.c")).toEqual(["*", "a.*", "a.b.*", "a.b.c"]);
});

it("takes exact names, prefixes and everything, and nothing that only looks alike", () => {
  expect(takes(["*"], "payment.failed")).toBe(true);
  expect(takes(["refund.*", "payment.*"], "payment.failed")).toBe(true);
  expect(takes(["payment.failed"], "payment.failed")).toBe(true);
  for (const entry of ["payment.fail", "pay*", "payment", "payment.failed.*", "refund.*", ""]) {
    expect(takes([entry], "payment.failed"), entry).toBe(false);
  }
});

it("knows the types by their subjects alone", () => {
  expect(typeOfSubject("payments.payment.expired")).toBe("payment.expired");
  expect(typeOfSubject("payments.refund.succeeded")).toBe("refund.succeeded");
  expect(typeOfSubject("payments.refund.failed")).toBe("refund.failed");
  const untold = [
    "payment.created",
    "payment.opened",
    "refund.requested",
    "refund.approved",
    "refund.rejected",
  ];
  for (const subject of [...untold.map((name) => `payments.${name}`), "payment.expired", "x"]) {
    expect(typeOfSubject(subject), subject).toBeNull();
  }
});
