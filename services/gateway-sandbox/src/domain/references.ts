import { formatReferenceTime, type Instant } from "./dhaka-time.ts";

const HEX = "0123456789ABCDEF";
const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The gateway's own references. The same seed gives the same references in the same order. */
export type References = {
  sessionKey(): string;
  /** `val_id` and `bank_tran_id`: 26 characters before ten in the morning, else 27. */
  timed(now: Instant): string;
  refundRef(): string;
  /** Starts the sequence again. */
  restart(): void;
};

/** FNV-1a, so that any text can be a seed. */
function hashSeed(seed: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Mulberry32: small, repeatable and good enough for references that nobody needs to be unable to guess. */
export function createReferences(seed: string): References {
  let state = hashSeed(seed);
  const next = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
  const draw = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet.charAt(next(alphabet.length))).join("");
  return {
    sessionKey: () => draw(HEX, 32),
    timed: (now) => formatReferenceTime(now) + draw(ALPHANUMERIC, 15),
    refundRef: () => draw(HEX, 20).toLowerCase(),
    restart: () => {
      state = hashSeed(seed);
    },
  };
}
