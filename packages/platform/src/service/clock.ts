import type { Instant } from "@oi/kernel/instant";

/** The only source of time outside the database. */
export interface Clock {
  now(): Instant;
}

export function systemClock(): Clock {
  return { now: () => Date.now() };
}
