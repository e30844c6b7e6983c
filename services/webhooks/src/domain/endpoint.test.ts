import { DomainError } from "@oi/kernel/errors";
import { describe, expect, it } from "vitest";
import {
  changeSettings,
  checkSettings,
  deleteEndpoint,
  type Endpoint,
  requireRoom,
  type Switch,
  switchEndpoint,
} from "./endpoint.ts";
import { maskAnswer } from "./mask.ts";
import { checkSpan } from "./recovery.ts";
import { isActive, revoke, rotate, type SecretInfo } from "./rotation.ts";

const endpoint: Endpoint = {
  id: 1,
  applicationId: 7,
  mode: "LIVE",
  url: "https://a.example/",
  hostKey: "a.example:443",
  isDefault: false,
  state: "ENABLED",
  disabledReason: null,
  eventTypes: ["*"],
  schemaVersion: 1,
  description: "",
  version: 3,
  breaker: "CLOSED",
  openUntil: null,
  cap: 4,
  lastOkAt: null,
  firstFailAt: null,
  createdAt: 0,
  updatedAt: 0,
};

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error.reason;
  }
  return "none";
}

describe("an endpoint's states", () => {
  it("are switched only where that makes sense", () => {
    const allowed: Record<Switch, readonly string[]> = {
      PAUSE: ["ENABLED"],
      RESUME: ["PAUSED"],
      DISABLE: ["ENABLED", "PAUSED"],
      ENABLE: ["DISABLED"],
    };
    for (const [verb, states] of Object.entries(allowed)) {
      for (const state of ["ENABLED", "PAUSED", "DISABLED", "DELETED"] as const) {
        const reason = reasonOf(() => switchEndpoint({ ...endpoint, state }, verb as Switch));
        expect(reason, `${verb} ${state}`).toBe(states.includes(state) ? "none" : "INVALID_OPERATION_STATE");
      }
    }
    const refused = { ...endpoint, state: "DISABLED", disabledReason: "URL_REFUSED", hostKey: null } as const;
    expect(reasonOf(() => switchEndpoint(refused, "ENABLE"))).toBe("INVALID_OPERATION_STATE");
    expect(switchEndpoint(endpoint, "DISABLE")).toMatchObject({ disabledReason: "OPERATOR" });
  });

  it("let a default endpoint be neither deleted nor moved", () => {
    const fallback = { ...endpoint, isDefault: true };
    expect(reasonOf(() => deleteEndpoint(fallback))).toBe("INVALID_OPERATION_STATE");
    const url = { url: "https://b.example/", hostKey: "b.example:443", problem: null };
    expect(reasonOf(() => changeSettings(fallback, 3, { url }))).toBe("INVALID_OPERATION_STATE");
    expect(changeSettings(endpoint, 3, { url }).hostKey).toBe("b.example:443");
    expect(deleteEndpoint(endpoint).state).toBe("DELETED");
  });
});

it("refuses filters that take nothing, versions that do not exist, URLs that the rules refuse, and stale changes", () => {
  expect(reasonOf(() => checkSettings({ eventTypes: ["*", "payment.*", "refund.*", "refund.failed"] }))).toBe(
    "none",
  );
  for (const entry of ["payment", "paymnt.*", "refund.requested", "webhook.test", ""])
    expect(
      reasonOf(() => checkSettings({ eventTypes: [entry] })),
      entry,
    ).toBe("VALIDATION_ERROR");
  expect(reasonOf(() => checkSettings({ eventTypes: [] }))).toBe("VALIDATION_ERROR");
  expect(reasonOf(() => checkSettings({ schemaVersion: 2 }))).toBe("VALIDATION_ERROR");
  const bad = { url: "http://x/", hostKey: null, problem: "must begin with https://" };
  expect(reasonOf(() => checkSettings({ url: bad }))).toBe("VALIDATION_ERROR");
  expect(reasonOf(() => changeSettings(endpoint, 2, {}))).toBe("INVALID_OPERATION_STATE");
  expect(reasonOf(() => requireRoom(29))).toBe("none");
  expect(reasonOf(() => requireRoom(30))).toBe("INVALID_OPERATION_STATE");
});

describe("secrets", () => {
  const one: SecretInfo = { version: 1, algorithm: "v1", activeFrom: 0, expiresAt: null, revokedAt: null };
  const two = { ...one, version: 2 };
  it("rotate with an overlap, and never three at once", () => {
    expect(rotate([one], 1_000, 60)).toEqual({ version: 2, previous: { version: 1, expiresAt: 61_000 } });
    expect(reasonOf(() => rotate([two, one], 1_000, 60))).toBe("INVALID_OPERATION_STATE");
    const ended = { ...one, expiresAt: 900 };
    expect(rotate([two, ended], 1_000, 0)).toEqual({
      version: 3,
      previous: { version: 2, expiresAt: 1_000 },
    });
    expect(isActive({ ...one, expiresAt: 1_000 }, 1_000)).toBe(false);
  });
  it("keep at least one", () => {
    expect(reasonOf(() => revoke([one], 1, 0))).toBe("INVALID_OPERATION_STATE");
    expect(revoke([two, one], 1, 0)).toEqual({ prolonged: null });
    expect(reasonOf(() => revoke([two, { ...one, revokedAt: 5 }], 2, 9))).toBe("INVALID_OPERATION_STATE");
    expect(reasonOf(() => revoke([one], 9, 0))).toBe("RESOURCE_NOT_FOUND");
  });
  it("never end all: the older one signs on without an end when the newer one is revoked", () => {
    const ending = { ...one, expiresAt: 60_000 };
    expect(revoke([two, ending], 2, 1_000)).toEqual({ prolonged: 1 });
    expect(revoke([two, ending], 1, 1_000)).toEqual({ prolonged: null });
    expect(reasonOf(() => revoke([two, ending], 2, 60_000))).toBe("INVALID_OPERATION_STATE");
  });
});

it("keeps card numbers and secrets out of what it stores of an answer", () => {
  expect(maskAnswer("pan 4111 1111 1111 1111, 4111111111111111!")).toBe(
    "pan ***************1111, ************1111!",
  );
  expect(maskAnswer(`id 123456789012 whsec_${"A".repeat(40)}=`)).toBe("id 123456789012 whsec_***");
  expect(maskAnswer(`a\0${"b".repeat(9_000)}`)).toHaveLength(4_096);
});

it("recovers what is still kept", () => {
  const day = 86_400_000;
  expect(reasonOf(() => checkSpan(0, day, 29 * day))).toBe("none");
  expect(reasonOf(() => checkSpan(0, day, 31 * day))).toBe("VALIDATION_ERROR");
  expect(reasonOf(() => checkSpan(day, day, 2 * day))).toBe("VALIDATION_ERROR");
});
