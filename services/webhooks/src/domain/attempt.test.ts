import { expect, it } from "vitest";
import { judge } from "./attempt.ts";
import { classifyFailure, classifyStatus } from "./classify.ts";

const first = { tries: 1, retryAfterMs: null, chance: 0.5, timeScale: 1, isTest: false };

it("delivers on any 2xx and on nothing else", () => {
  for (const status of [200, 201, 204, 299])
    expect(classifyStatus(status)).toEqual({ outcome: "OK", error: null });
  for (const status of [300, 302, 308]) expect(classifyStatus(status).error).toBe("REDIRECT_REFUSED");
  for (const status of [400, 401, 410, 429, 500, 503])
    expect(classifyStatus(status).error).toBe("HTTP_STATUS");
});

it("names failures in its own words, never in those of a socket", () => {
  const named: readonly (readonly [string, string])[] = [
    ["EBLOCKED", "ADDRESS_BLOCKED"],
    ["EDNS", "DNS_FAILED"],
    ["EDEADLINE", "TIMEOUT_TOTAL"],
    ["UND_ERR_CONNECT_TIMEOUT", "TIMEOUT_CONNECT"],
    ["UND_ERR_HEADERS_TIMEOUT", "TIMEOUT_HEADERS"],
    ["ECONNREFUSED", "CONNECTION_REFUSED"],
    ["UND_ERR_SOCKET", "CONNECTION_RESET"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "TLS_INVALID"],
    ["CERT_HAS_EXPIRED", "TLS_INVALID"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "TLS_INVALID"],
    ["HPE_INVALID_CONSTANT", "RESPONSE_INVALID"],
    ["EMFILE", "LOCAL"],
    ["whatever", "CONNECTION_RESET"],
  ];
  for (const [code, error] of named) expect(classifyFailure(code).error, code).toBe(error);
});

it("retries failures by the schedule, also a lost lease, and parks after the last try", () => {
  for (const outcome of ["HTTP", "TIMEOUT", "CONNECT", "TLS", "DNS", "BLOCKED", "UNKNOWN"] as const) {
    expect(judge({ ...first, outcome })).toEqual({ kind: "RETRY", delayMs: 5_500, isFree: false });
    expect(judge({ ...first, outcome, tries: 12 })).toEqual({ kind: "PARKED" });
  }
});

it("charges nothing for a fault of our own, however often it happens", () => {
  for (const chance of [0, 0.999]) {
    const verdict = judge({ ...first, outcome: "LOCAL", tries: 12, chance });
    expect(verdict).toMatchObject({ kind: "RETRY", isFree: true });
    expect(verdict.kind === "RETRY" && verdict.delayMs >= 1_000 && verdict.delayMs <= 5_000).toBe(true);
  }
});
