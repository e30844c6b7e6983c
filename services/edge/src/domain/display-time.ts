import { formatDate, type Instant } from "@oi/kernel/instant";
import { localDigits } from "./bangla-digits.ts";
import type { Lang } from "./language.ts";

/** Bangladesh is six hours east of UTC and knows no summer time. */
const DHAKA_OFFSET_MINUTES = 360;
const DAY_MS = 86_400_000;

const MONTHS: Readonly<Record<Lang, string>> = {
  en: "January February March April May June July August September October November December",
  bn: "জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
};

const two = (n: number): string => `${n}`.padStart(2, "0");

/** `4 June 2026, 16:00` · `৪ জুন ২০২৬, ১৬:০০`: the wall clock of Dhaka, 24 hours. */
export function formatDhakaTime(instant: Instant, lang: Lang): string {
  const [year = "", month = "", day = ""] = formatDate(instant, DHAKA_OFFSET_MINUTES).split("-");
  const local = instant + DHAKA_OFFSET_MINUTES * 60_000;
  const minutes = Math.floor((local - Math.floor(local / DAY_MS) * DAY_MS) / 60_000);
  const monthName = MONTHS[lang].split(" ")[Number(month) - 1] ?? "";
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${localDigits(`${Number(day)}`, lang)} ${monthName} ${localDigits(`${year}, ${clock}`, lang)}`;
}
