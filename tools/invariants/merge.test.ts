import { expect, it } from "vitest";
import { inGroups, sideBySide } from "./merge.ts";

async function* keys(...all: readonly string[]) {
  for (const key of all) yield { key };
}

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of from) found.push(one);
  return found;
}

it("puts two ordered lists side by side, each key once", async () => {
  const pairs = await all(sideBySide(keys("a", "b", "d"), keys("b", "c", "d", "e")));
  expect(pairs.map(([l, r]) => `${l?.key ?? "-"}${r?.key ?? "-"}`)).toEqual(["a-", "bb", "-c", "dd", "-e"]);
  expect(await all(sideBySide(keys(), keys()))).toEqual([]);
});

it("makes groups of at most so many, the last one smaller, none empty", async () => {
  const sizes = async (n: number) =>
    (await all(inGroups(keys(...Array.from({ length: n }, String)), 2))).map(({ length }) => length);
  expect(await sizes(5)).toEqual([2, 2, 1]);
  expect(await sizes(4)).toEqual([2, 2]);
  expect(await sizes(0)).toEqual([]);
});
