import { unreachable } from "@oi/kernel/assert";
import type { Outcome } from "./classify.ts";
import { waitAfter } from "./schedule.ts";

/** What becomes of a delivery after an attempt. */
export type Verdict =
  | { readonly kind: "DELIVERED" }
  /** Waits `delayMs` from the moment it is recorded; `isFree` gives the try back. */
  | { readonly kind: "RETRY"; readonly delayMs: number; readonly isFree: boolean }
  | { readonly kind: "PARKED" };

const LOCAL_WAIT_MS = 1_000;
const LOCAL_SPREAD_MS = 4_000;

export type Attempted = {
  readonly outcome: Outcome;
  readonly tries: number;
  readonly retryAfterMs: number | null;
  readonly chance: number;
  readonly timeScale: number;
  /** A test is tried once. */
  readonly isTest: boolean;
};

/** Decides what follows an attempt: done, another try by the schedule, or parked. */
export function judge(attempt: Attempted): Verdict {
  switch (attempt.outcome) {
    case "OK":
      return { kind: "DELIVERED" };
    case "LOCAL":
      return {
        kind: "RETRY",
        delayMs: LOCAL_WAIT_MS + Math.floor(attempt.chance * LOCAL_SPREAD_MS),
        isFree: true,
      };
    case "HTTP":
    case "TIMEOUT":
    case "CONNECT":
    case "TLS":
    case "DNS":
    case "BLOCKED":
    case "UNKNOWN": {
      const delayMs = attempt.isTest ? null : waitAfter(attempt);
      return delayMs === null ? { kind: "PARKED" } : { kind: "RETRY", delayMs, isFree: false };
    }
    default:
      return unreachable(attempt.outcome);
  }
}
