/** The numbers that the database keeps. They are never given to another meaning; refunds take 20 to 22. */
export const TRANSACTION_KINDS = { CAPTURE: 10, LATE: 11 } as const;

/** 10 → `CAPTURE`. A kind without a name is shown by its number. */
export function kindName(kind: number): string {
  const found = Object.entries(TRANSACTION_KINDS).find(([, number]) => number === kind);
  return found?.[0] ?? String(kind);
}
