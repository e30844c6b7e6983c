import type { Instant } from "@oi/kernel/instant";
import type { Outcome } from "./classify.ts";

export type BreakerState = "CLOSED" | "OPEN" | "HALF_OPEN";

/** What an endpoint's attempts have shown of it. */
export type Health = {
  readonly breaker: BreakerState;
  /** Null while the breaker is closed. */
  readonly openUntil: Instant | null;
  readonly openSeconds: number;
  /** How many deliveries may be in flight at once. */
  readonly cap: number;
  readonly okStreak: number;
  readonly failStreak: number;
  readonly winFrom: Instant | null;
  readonly winTotal: number;
  readonly winFailed: number;
  readonly firstFailAt: Instant | null;
  readonly failCount: number;
  readonly lastOkAt: Instant | null;
  /** 1 after the first warning of long failure, 2 after the second. */
  readonly warned: number;
};

export type Fact = {
  readonly outcome: Outcome;
  readonly status: number | null;
  readonly totalMs: number | null;
  /** When the attempt ended. */
  readonly at: Instant;
};

const FIRST_CAP = 4;
const MAX_CAP = 32;
const CAP_RISES_AFTER = 20;
const FAST_MS = 1_000;
const OPEN_SECONDS = 30;
const MAX_OPEN_SECONDS = 600;
const STREAK_OPENS = 5;
const WINDOW_MS = 60_000;
const WINDOW_ATTEMPTS = 20;
const OVERLOADED = [429, 502, 504];

export const NEW_HEALTH: Health = {
  breaker: "CLOSED",
  openUntil: null,
  openSeconds: OPEN_SECONDS,
  cap: FIRST_CAP,
  okStreak: 0,
  failStreak: 0,
  winFrom: null,
  winTotal: 0,
  winFailed: 0,
  firstFailAt: null,
  failCount: 0,
  lastOkAt: null,
  warned: 0,
};

const EMPTY_WINDOW = { winFrom: null, winTotal: 0, winFailed: 0 } as const;

/** UNKNOWN says that a worker died, LOCAL that we failed: neither says anything about the endpoint. */
export function saysSomething(outcome: Outcome): boolean {
  return outcome !== "UNKNOWN" && outcome !== "LOCAL";
}

function countInWindow(health: Health, isFailure: boolean, at: Instant, timeScale: number): Health {
  const isOver = health.winFrom === null || at - health.winFrom > WINDOW_MS * timeScale;
  const { winFrom, winTotal, winFailed } = isOver ? { winFrom: at, winTotal: 0, winFailed: 0 } : health;
  return { ...health, winFrom, winTotal: winTotal + 1, winFailed: winFailed + (isFailure ? 1 : 0) };
}

function settleSuccess(health: Health, fact: Fact): Health {
  const well = { ...health, failStreak: 0, firstFailAt: null, failCount: 0, warned: 0, lastOkAt: fact.at };
  if (health.breaker === "HALF_OPEN") {
    const closed = { breaker: "CLOSED", openUntil: null, openSeconds: OPEN_SECONDS } as const;
    return { ...well, ...closed, ...EMPTY_WINDOW, cap: FIRST_CAP, okStreak: 0 };
  }
  if ((fact.totalMs ?? 0) > FAST_MS) return { ...well, okStreak: 0 };
  if (health.okStreak + 1 < CAP_RISES_AFTER) return { ...well, okStreak: health.okStreak + 1 };
  return { ...well, okStreak: 0, cap: Math.min(health.cap + 1, MAX_CAP) };
}

function settleFailure(health: Health, fact: Fact, timeScale: number): Health {
  const isOverloaded = fact.outcome === "TIMEOUT" || OVERLOADED.includes(fact.status ?? 0);
  const failed: Health = {
    ...health,
    failStreak: health.failStreak + 1,
    failCount: health.failCount + 1,
    firstFailAt: health.firstFailAt ?? fact.at,
    okStreak: 0,
    cap: isOverloaded ? Math.max(1, Math.floor(health.cap / 2)) : health.cap,
  };
  const isBad =
    failed.failStreak >= STREAK_OPENS ||
    (failed.winTotal >= WINDOW_ATTEMPTS && failed.winFailed * 2 >= failed.winTotal);
  // What still ends while the breaker is open began before, and neither closes nor lengthens it.
  if (failed.breaker === "OPEN" || (failed.breaker === "CLOSED" && !isBad)) return failed;
  const openSeconds =
    failed.breaker === "HALF_OPEN" ? Math.min(failed.openSeconds * 2, MAX_OPEN_SECONDS) : failed.openSeconds;
  const openUntil = fact.at + openSeconds * 1_000 * timeScale;
  return { ...failed, ...EMPTY_WINDOW, breaker: "OPEN", openSeconds, openUntil, cap: FIRST_CAP };
}

/**
 * An endpoint's health after one attempt. Every attempt counts, not only exhausted deliveries: an endpoint that
 * flaps opens too. `settle_endpoint` of the database is the same rules as SQL.
 */
export function settle(health: Health, fact: Fact, timeScale: number): Health {
  if (!saysSomething(fact.outcome)) return health;
  const isFailure = fact.outcome !== "OK";
  const counted = countInWindow(health, isFailure, fact.at, timeScale);
  return isFailure ? settleFailure(counted, fact, timeScale) : settleSuccess(counted, fact);
}

type Aimed = { readonly url: string | null; readonly state: string };

/**
 * What an endpoint remembers after a change by hand: nothing at another URL. One that is enabled again is still probed with
 * care, but its days of failure are counted anew, or its next failure would disable it at once.
 */
export function healthAfter(health: Health, before: Aimed, after: Aimed): Health {
  if (after.url !== before.url) return NEW_HEALTH;
  const isEnabled = before.state === "DISABLED" && after.state === "ENABLED";
  return isEnabled ? { ...health, firstFailAt: null, failCount: 0, warned: 0 } : health;
}

/** The claim of a probe. */
export function beginProbe(health: Health): Health {
  return health.breaker === "OPEN" ? { ...health, breaker: "HALF_OPEN" } : health;
}
