/**
 * A moment as whole milliseconds since 1970-01-01T00:00:00Z. Printed as ISO 8601 in UTC with three decimals.
 * Plain arithmetic, because the domain has neither `Date` nor a clock.
 */
export type Instant = number;

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 → civil date (proleptic Gregorian calendar; algorithm: H. Hinnant, "chrono-compatible dates"). */
function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `2026-06-04` for the day that `instant` falls on at `offsetMinutes` east of UTC. */
export function formatDate(instant: Instant, offsetMinutes = 0): string {
  const { year, month, day } = civilFromDays(Math.floor((instant + offsetMinutes * 60_000) / DAY_MS));
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** `2026-06-04T10:00:00.000Z` */
export function formatInstant(instant: Instant): string {
  const ms = instant - Math.floor(instant / DAY_MS) * DAY_MS;
  const seconds = Math.floor(ms / 1000);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${formatDate(instant)}T${clock.map(two).join(":")}.${String(ms % 1000).padStart(3, "0")}Z`;
}
