/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

const DAY_MS = 86_400_000;
/** Bangladesh is six hours east of UTC and knows no summer time. */
const DHAKA_OFFSET_MS = 6 * 3_600_000;

type LocalTime = readonly [
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
];

/** Proleptic Gregorian calendar by plain arithmetic (H. Hinnant, "chrono-compatible dates"), as the domain has no clock or calendar of its own. */
function readLocalTime(instant: Instant): LocalTime {
  const local = instant + DHAKA_OFFSET_MS;
  const days = Math.floor(local / DAY_MS);
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const seconds = Math.floor((local - days * DAY_MS) / 1000);
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return [year, month, day, Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `2020-01-05 22:58:21`: the gateway prints local time and no zone. */
export function formatTranDate(instant: Instant): string {
  const [year, month, day, hour, minute, second] = readLocalTime(instant);
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}

/** `200105225826`, and `20010592826` at nine o'clock: the gateway's references lead with it, the hour unpadded. */
export function formatReferenceTime(instant: Instant): string {
  const [year, month, day, hour, minute, second] = readLocalTime(instant);
  return `${two(year % 100)}${two(month)}${two(day)}${hour}${two(minute)}${two(second)}`;
}
