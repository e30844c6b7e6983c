import { describe, expect, test } from "vitest";
import { formatDhakaTime } from "./display-time.ts";

describe("formatDhakaTime", () => {
  test.each([
    ["2026-06-04T10:00:00Z", "4 June 2026, 16:00", "৪ জুন ২০২৬, ১৬:০০"],
    ["2026-12-31T18:00:00Z", "1 January 2027, 00:00", "১ জানুয়ারি ২০২৭, ০০:০০"],
    ["2024-02-28T18:05:59.999Z", "29 February 2024, 00:05", "২৯ ফেব্রুয়ারি ২০২৪, ০০:০৫"],
    ["2026-10-25T00:59:00Z", "25 October 2026, 06:59", "২৫ অক্টোবর ২০২৬, ০৬:৫৯"],
  ])("writes %s as the wall clock of Dhaka", (iso, en, bn) => {
    const instant = Date.parse(iso);
    expect(formatDhakaTime(instant, "en")).toBe(en);
    expect(formatDhakaTime(instant, "bn")).toBe(bn);
  });
});
