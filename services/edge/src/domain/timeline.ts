import type { Instant } from "@oi/kernel/instant";

export type TimelineValue =
  | string
  | number
  | boolean
  | null
  | readonly TimelineValue[]
  | { readonly [key: string]: TimelineValue };

/** A sentence for people, in both languages. */
export type Words = { readonly en: string; readonly bn: string };

/** One thing that happened to a payment, whichever service knows of it. */
export type TimelineEntry = {
  /** The same in every answer, and its beginning is its kind's own. */
  readonly id: string;
  /** When it was committed, by the clock of the database that knows it. */
  readonly at: Instant;
  readonly kind: string;
  readonly title: Words;
  readonly actor: string;
  readonly status: string | null;
  readonly version: number | null;
  /** Ids of what it is about, by name. */
  readonly refs: Readonly<Record<string, string>>;
  readonly detail: Readonly<Record<string, TimelineValue>>;
};

/** What one service, or all of them together, tell. Among entries of one time the order given here stays. */
export type Timeline = {
  readonly entries: readonly TimelineEntry[];
  /** There is more than is told. */
  readonly isCut: boolean;
};

/** As many as one answer holds. */
export const TIMELINE_LIMIT = 500;

/** Those who may be silent; payments has to answer, or there is nothing to tell about. */
export type OptionalSource = "ledger" | "webhooks";

const SILENT: Readonly<Record<OptionalSource, Words>> = {
  ledger: { en: "The ledger did not answer", bn: "লেজার সাড়া দেয়নি" },
  webhooks: { en: "The webhooks did not answer", bn: "ওয়েবহুক সাড়া দেয়নি" },
};

/** Stands for everything that a source would have told. */
export function unavailable(source: OptionalSource, now: Instant): TimelineEntry {
  return {
    id: `unavailable:${source}`,
    at: now,
    kind: "unavailable",
    title: SILENT[source],
    actor: "system",
    status: null,
    version: null,
    refs: {},
    detail: { source },
  };
}

/**
 * One story of several: oldest first, and what happened at the same time in the order of the parts, so that every
 * reading tells the same. The oldest are told when there are too many; who was silent is told in any case, at the end.
 */
export function mergeTimelines(parts: readonly Timeline[], silent: readonly TimelineEntry[]): Timeline {
  const told = parts.flatMap(({ entries }) => entries).toSorted((one, other) => one.at - other.at);
  const room = TIMELINE_LIMIT - silent.length;
  return {
    entries: [...told.slice(0, room), ...silent],
    isCut: told.length > room || parts.some(({ isCut }) => isCut),
  };
}
