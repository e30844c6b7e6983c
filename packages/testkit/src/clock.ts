/** A clock that moves only when the test says so. Milliseconds since 1970-01-01T00:00:00Z. */
export type ManualClock = {
  now(): number;
  advance(byMs: number): void;
  set(instant: number): void;
};

/** 2026-01-01T00:00:00.000Z: any fixed moment would do; this one is easy to recognise in a failure. */
const START = 1_767_225_600_000;

export function manualClock(start = START): ManualClock {
  let instant = start;
  return {
    now: () => instant,
    advance: (byMs) => {
      instant += byMs;
    },
    set: (to) => {
      instant = to;
    },
  };
}
