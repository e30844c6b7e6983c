import type { Instant } from "./dhaka-time.ts";

export const OUTAGE_MODES = ["refuse", "hang", "500", "html", "429"] as const;

/** How an operation is down: connection closed, no answer, HTTP 500, an HTML page with 200, or HTTP 429. */
export type OutageMode = (typeof OUTAGE_MODES)[number];

export type Outage = { readonly mode: OutageMode; readonly until: Instant };

/** Milliseconds that an outage still lasts; 0 when there is none. */
export function readRemainingMs(outage: Outage | undefined, now: Instant): number {
  return outage === undefined ? 0 : Math.max(0, outage.until - now);
}
