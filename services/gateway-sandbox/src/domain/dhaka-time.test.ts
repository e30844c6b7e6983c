import { expect, it } from "vitest";
import { formatReferenceTime, formatTranDate } from "./dhaka-time.ts";

it("prints the local time of Dhaka without a zone", () => {
  expect(formatTranDate(Date.UTC(2020, 0, 5, 16, 58, 21))).toBe("2020-01-05 22:58:21");
  expect(formatTranDate(Date.UTC(2023, 11, 31, 18, 0, 0))).toBe("2024-01-01 00:00:00");
  expect(formatTranDate(Date.UTC(2024, 1, 28, 20, 0, 0))).toBe("2024-02-29 02:00:00");
});

it("leads references with the time, the hour without a leading zero", () => {
  expect(formatReferenceTime(Date.UTC(2020, 0, 5, 16, 58, 26))).toBe("200105225826");
  expect(formatReferenceTime(Date.UTC(2020, 0, 5, 3, 28, 26))).toBe("20010592826");
});
