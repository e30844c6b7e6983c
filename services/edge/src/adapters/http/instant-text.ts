import type { Instant } from "@oi/kernel/instant";

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** `2026-06-04T10:00:00Z` → milliseconds; null for other spellings and for days that no calendar has. */
export function parseInstant(text: string): Instant | null {
  if (!INSTANT.test(text)) return null;
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) return null;
  // `Date` reads 30 February as 2 March.
  return new Date(instant).toISOString().slice(0, 19) === text.slice(0, 19) ? instant : null;
}
