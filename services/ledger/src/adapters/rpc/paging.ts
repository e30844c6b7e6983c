import { invalidPageToken, readPageToken, writePageToken } from "./page-token.ts";

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

export function pageSize(asked: number): number {
  return asked === 0 ? DEFAULT_PAGE : Math.min(asked, LARGEST_PAGE);
}

/** Of a list whose position is one number; null at its beginning. Raises VALIDATION_ERROR. */
export function numberAfter(token: string, args: readonly string[]): number | null {
  const [position] = readPageToken(token, args, 1) ?? [];
  if (position === undefined) return null;
  if (!/^\d{1,15}$/.test(position)) throw invalidPageToken();
  return Number(position);
}

/** Empty at the end of the list. */
export function tokenAt(args: readonly string[], position: number | null): string {
  return position === null ? "" : writePageToken([...args, String(position)]);
}
