import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const NOW = Date.parse("2026-06-04T10:00:00Z");

it("reads seconds and dates", () => {
  expect(parseRetryAfter("120", NOW)).toBe(120_000);
  expect(parseRetryAfter(" 0 ", NOW)).toBe(0);
  expect(parseRetryAfter("Thu, 04 Jun 2026 10:01:30 GMT", NOW)).toBe(90_000);
  expect(parseRetryAfter(String(10 * 365 * 86_400), NOW)).toBe(315_360_000_000);
});

it("ignores garbage and dates that have passed", () => {
  const nonsense = [null, "", "soon", "-5", "1.5", "1e9", "9".repeat(40), "Thu, 04 Jun 2026 09:59:59 GMT"];
  const broken = ["Thu, 04 Foo 2027 10:00:00 GMT", "Thu, 04 Jun 2027 25:00:00 GMT", "2027-06-04T10:00:00Z"];
  for (const text of [...nonsense, ...broken]) expect(parseRetryAfter(text, NOW), String(text)).toBeNull();
});

test.prop([fc.integer({ min: 1, max: 4_000_000_000 })])(
  "agrees with the platform about every date",
  (seconds) => {
    const text = new Date(NOW + seconds * 1_000).toUTCString();
    expect(parseRetryAfter(text, NOW)).toBe(seconds * 1_000);
  },
);
