import { expect, it } from "vitest";
import { incidentOf } from "./incident.ts";

const HOUR = 3_600_000;
const T0 = 1_780_567_200_000;
const failing = { firstFailAt: T0, failCount: 11, warned: 0 };
const at = (hours: number) => ({ status: 500, at: T0 + hours * HOUR });

it("disables at once for 410", () => {
  const fresh = { firstFailAt: null, failCount: 0, warned: 0 };
  expect(incidentOf({ status: 410, at: T0 }, fresh, 1)).toEqual({
    kind: "DISABLE",
    reason: "GONE_410",
    since: null,
  });
});

it("warns after a day and after three, each once, and disables after five", () => {
  expect(incidentOf(at(23.9), failing, 1)).toBeNull();
  expect(incidentOf(at(24), failing, 1)).toEqual({ kind: "WARN", level: 1, hours: 24, since: T0 });
  expect(incidentOf(at(30), { ...failing, warned: 1 }, 1)).toBeNull();
  expect(incidentOf(at(72), { ...failing, warned: 1 }, 1)).toMatchObject({ level: 2, hours: 72 });
  expect(incidentOf(at(80), failing, 1)).toMatchObject({ level: 2 });
  expect(incidentOf(at(100), { ...failing, warned: 2 }, 1)).toBeNull();
  expect(incidentOf(at(120), { ...failing, warned: 2 }, 1)).toMatchObject({
    kind: "DISABLE",
    reason: "NO_SUCCESS_120H",
  });
});

it("needs twelve failures, and time that shrinks with the scale", () => {
  expect(incidentOf(at(500), { ...failing, failCount: 10 }, 1)).toBeNull();
  expect(incidentOf(at(12), failing, 0.1)).toMatchObject({ kind: "DISABLE" });
});
