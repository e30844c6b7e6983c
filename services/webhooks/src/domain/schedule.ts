const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits before try 1, 2, … 12, each counted from the end of the previous try: 75 h 42 min 35 s together. */
export const WAITS_MS: readonly number[] = [
  0,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

export const MAX_TRIES = WAITS_MS.length;

const AGE_LIMIT_MS = 120 * HOUR;
const JITTER_SHARE = 0.2;
const JITTER_LIMIT_MS = 15 * MINUTE;
const RETRY_AFTER_LIMIT_MS = 24 * HOUR;

export type Failure = {
  /** Tries that are used up, this one included. */
  readonly tries: number;
  /** What the receiver asked for; null when it asked for nothing that makes sense. */
  readonly retryAfterMs: number | null;
  /** From 0 to 1, uniform. */
  readonly chance: number;
  /** Tests shorten days to seconds with it; 1 otherwise. */
  readonly timeScale: number;
};

/**
 * How long to wait after a failed try; null when all tries are used up. Jitter is only ever added, and a receiver's
 * `Retry-After` never shortens the wait, so no try is early.
 */
export function waitAfter({ tries, retryAfterMs, chance, timeScale }: Failure): number | null {
  const base = WAITS_MS[tries];
  if (base === undefined) return null;
  const wait = base * timeScale;
  if (retryAfterMs !== null) return Math.ceil(Math.min(Math.max(retryAfterMs, wait), RETRY_AFTER_LIMIT_MS));
  return Math.ceil(wait + chance * Math.min(wait * JITTER_SHARE, JITTER_LIMIT_MS * timeScale));
}

/** A delivery that is older than this since it became due is parked, whatever the number of its tries. */
export function ageLimitMs(timeScale: number): number {
  return AGE_LIMIT_MS * timeScale;
}
