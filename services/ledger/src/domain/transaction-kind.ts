/** The numbers that the database keeps. They are never given to another meaning; settlements take 40 to 42. */
export const TRANSACTION_KINDS = {
  CAPTURE: 10,
  LATE: 11,
  MISMATCH: 12,
  RESERVE: 20,
  SETTLE: 21,
  RELEASE: 22,
  ADJUST: 30,
  REVERSE: 31,
} as const;

/** 10 → `CAPTURE`. A kind without a name is shown by its number. */
export function kindName(kind: number): string {
  const found = Object.entries(TRANSACTION_KINDS).find(([, number]) => number === kind);
  return found?.[0] ?? String(kind);
}
