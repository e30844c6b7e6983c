import type { Instant } from "@oi/kernel/instant";
import type { Health } from "./breaker.ts";

export const GONE_410 = "GONE_410";
export const NO_SUCCESS_120H = "NO_SUCCESS_120H";

/** What an attempt's failure means for its endpoint as a whole. `since` proves that nothing has succeeded meanwhile. */
export type Incident =
  | { readonly kind: "WARN"; readonly level: 1 | 2; readonly hours: number; readonly since: Instant }
  | { readonly kind: "DISABLE"; readonly reason: typeof GONE_410; readonly since: null }
  | { readonly kind: "DISABLE"; readonly reason: typeof NO_SUCCESS_120H; readonly since: Instant };

const HOUR_MS = 3_600_000;
const MIN_FAILURES = 12;
const DISABLE_HOURS = 120;
const GONE = 410;
const WARNINGS = [
  { level: 2, hours: 72 },
  { level: 1, hours: 24 },
] as const;

/**
 * Looked at only when an attempt fails: 410 disables at once; no success for a day, and for three, is warned of; for
 * five days it disables. Twelve failures at least, so that one delivery a week does not end an endpoint.
 */
export function incidentOf(
  failure: { readonly status: number | null; readonly at: Instant },
  health: Pick<Health, "firstFailAt" | "failCount" | "warned">,
  timeScale: number,
): Incident | null {
  if (failure.status === GONE) return { kind: "DISABLE", reason: GONE_410, since: null };
  const { firstFailAt: since, failCount, warned } = health;
  if (since === null || failCount + 1 < MIN_FAILURES) return null;
  const hours = (failure.at - since) / (HOUR_MS * timeScale);
  if (hours >= DISABLE_HOURS) return { kind: "DISABLE", reason: NO_SUCCESS_120H, since };
  const warning = WARNINGS.find((each) => hours >= each.hours && warned < each.level);
  return warning ? { kind: "WARN", ...warning, since } : null;
}
