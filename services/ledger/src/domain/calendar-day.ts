import { formatDate } from "@oi/kernel/instant";

export const DAY_MS = 86_400_000;

/** `2026-01-05` → milliseconds of its midnight in UTC (algorithm: H. Hinnant, "chrono-compatible dates"). */
export function parseDay(text: string): number {
  const [year = 0, month = 0, day = 0] = text.split("-").map(Number);
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * DAY_MS;
}

export function formatDay(ms: number): string {
  return formatDate(ms);
}

/** Whether the text is a day that the calendar has. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && formatDay(parseDay(text)) === text;
}
