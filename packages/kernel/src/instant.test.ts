import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { formatDate, formatInstant } from "./instant.ts";

test.prop([fc.integer({ min: -62_135_596_800_000, max: 253_402_200_000_000 })])(
  "prints any instant of the years 1 to 9999 as the platform's own clock does",
  (instant) => {
    expect(formatInstant(instant)).toBe(new Date(instant).toISOString());
    expect(formatDate(instant, 360)).toBe(new Date(instant + 360 * 60_000).toISOString().slice(0, 10));
  },
);
