/** Chance that can be repeated: the same seed draws the same numbers. */
export type Random = {
  /** From 0 to 1, without 1. */
  next(): number;
  between(least: number, most: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  /** True in this share of all cases. */
  chance(share: number): boolean;
};

const WORD = 2 ** 32;

/** mulberry32 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / WORD;
  };
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    pick: (from) => from[Math.floor(next() * from.length)] ?? from[0],
    chance: (share) => next() < share,
  };
}
