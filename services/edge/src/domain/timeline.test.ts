import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import {
  mergeTimelines,
  TIMELINE_LIMIT,
  type Timeline,
  type TimelineEntry,
  unavailable,
} from "./timeline.ts";

const entry = (id: string, at: number): TimelineEntry => ({
  id,
  at,
  kind: "state",
  title: { en: "x", bn: "x" },
  actor: "system",
  status: null,
  version: null,
  refs: {},
  detail: {},
});

const ids = ({ entries }: Timeline) => entries.map(({ id }) => id);

/** One service's part, in its own order; with few times there are many entries of one time. */
function part(name: string, { lengths, times }: { lengths: fc.ArrayConstraints; times: number }) {
  return fc.tuple(fc.array(fc.nat(times), lengths), fc.boolean()).map(
    ([at, isCut]): Timeline => ({
      entries: at.toSorted((a, b) => a - b).map((time, i) => entry(`${name}:${i}`, time)),
      isCut,
    }),
  );
}

const all = (lengths: fc.ArrayConstraints, times: number) =>
  fc.tuple(
    part("payments", { lengths, times }),
    part("ledger", { lengths, times }),
    part("webhooks", { lengths, times }),
  );
const parts = all({ maxLength: 40 }, 9);
/** Around the limit, on both sides of it. */
const large = all({ minLength: 100, maxLength: 250, size: "max" }, 1_000);

describe("merging", () => {
  property.prop([parts])("loses nothing, invents nothing, and is in order of time", (told) => {
    const { entries, isCut } = mergeTimelines(told, []);
    expect(ids({ entries, isCut }).sort()).toEqual(told.flatMap(ids).sort());
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(isCut).toBe(told.some((one) => one.isCut));
  });

  property.prop([parts])("keeps each part's own order, and among equals the order of the parts", (told) => {
    const { entries } = mergeTimelines(told, []);
    for (const one of told) {
      const mine = entries.filter((candidate) => one.entries.includes(candidate));
      expect(mine).toEqual(one.entries);
    }
    const rank = (candidate: TimelineEntry) => told.findIndex((one) => one.entries.includes(candidate));
    for (const [i, current] of entries.entries()) {
      const before = entries[i - 1];
      if (before?.at === current.at) expect(rank(before)).toBeLessThanOrEqual(rank(current));
    }
  });

  test.each([
    [TIMELINE_LIMIT, 0, false],
    [TIMELINE_LIMIT + 1, 0, true],
    [TIMELINE_LIMIT - 1, 1, false],
    [TIMELINE_LIMIT, 1, true],
  ])("%d entries and %d silent sources are cut: %s", (count, silences, cut) => {
    const told = { entries: Array.from({ length: count }, (_, i) => entry(`e:${i}`, i)), isCut: false };
    const silent = [unavailable("ledger", 0)].slice(0, silences);
    expect(mergeTimelines([told], silent)).toMatchObject({ isCut: cut, entries: { length: TIMELINE_LIMIT } });
  });

  property.prop([large], { numRuns: 30 })("keeps the oldest that fit, and says when it is cut", (told) => {
    const silent = [unavailable("ledger", 3), unavailable("webhooks", 3)];
    const { entries, isCut } = mergeTimelines(told, silent);
    const total = told.flatMap(ids).length;
    expect(entries.length).toBe(Math.min(TIMELINE_LIMIT, total + silent.length));
    expect(entries.slice(-2)).toEqual(silent);
    expect(isCut).toBe(total + silent.length > TIMELINE_LIMIT || told.some((one) => one.isCut));
    const shown = new Set(entries);
    const left = told.flatMap((one) => one.entries).filter((candidate) => !shown.has(candidate));
    const latest = entries.at(-3)?.at ?? 0;
    for (const { at } of left) expect(at).toBeGreaterThanOrEqual(latest);
  });
});

test("a source that is silent stands at the end, whatever its clock says", () => {
  const own = { entries: [entry("state:1", 5_000)], isCut: false };
  const { entries } = mergeTimelines([own], [unavailable("webhooks", 1_000)]);
  expect(entries.map(({ id }) => id)).toEqual(["state:1", "unavailable:webhooks"]);
  expect(entries[1]).toMatchObject({ kind: "unavailable", detail: { source: "webhooks" } });
  expect(entries[1]?.title.bn).toMatch(/[\u0980-\u09ff]/);
});
