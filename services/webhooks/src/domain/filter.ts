import { EVENT_TYPES } from "./event.ts";

/**
 * Every filter entry that lets a type through: `*`, each prefix that ends in `.*`, and the exact name. Matching by
 * this list lets the database compare two arrays, and keeps the rule in one place.
 */
export function patternsFor(type: string): readonly string[] {
  const parts = type.split(".");
  const prefixes = parts.slice(1).map((_, i) => `${parts.slice(0, i + 1).join(".")}.*`);
  return ["*", ...prefixes, type];
}

/** Whether an endpoint's `event_types` take a type. */
export function takes(eventTypes: readonly string[], type: string): boolean {
  const patterns = patternsFor(type);
  return eventTypes.some((entry) => patterns.includes(entry));
}

/** Filter entries that take none of the types that there are. */
export function unknownEntries(eventTypes: readonly string[]): readonly string[] {
  return eventTypes.filter((entry) => !EVENT_TYPES.some((type) => takes([entry], type)));
}
