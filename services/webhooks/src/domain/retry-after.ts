import type { Instant } from "@oi/kernel/instant";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** Civil date → days since 1970-01-01 (algorithm: H. Hinnant, "chrono-compatible dates"). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

function parseHttpDate(text: string): Instant | null {
  const match = IMF_FIXDATE.exec(text);
  if (!match) return null;
  const [, day, monthName = "", year, hours, minutes, seconds] = match;
  const month = MONTHS.indexOf(monthName) + 1;
  if (month === 0 || Number(day) > 31 || Number(hours) > 23 || Number(minutes) > 59) return null;
  const clock = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (daysFromCivil(Number(year), month, Number(day)) * 86_400 + clock) * 1_000;
}

/**
 * `Retry-After` of RFC 9110, seconds or a date, as milliseconds from now. Null for garbage and for dates that have
 * passed: what makes no sense is ignored. The schedule bounds what is too long.
 */
export function parseRetryAfter(text: string | null, now: Instant): number | null {
  const value = text?.trim() ?? "";
  if (/^\d{1,15}$/.test(value)) return Number(value) * 1_000;
  const at = parseHttpDate(value);
  return at !== null && at > now ? at - now : null;
}
