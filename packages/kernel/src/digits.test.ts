import { expect, it } from "vitest";
import { foldDigits } from "./digits.ts";

it("folds Bangla digits and leaves the rest", () => {
  expect(foldDigits("+৮৮০ ০১৭১২-৩৪৫৬৭৮ ab9")).toBe("+880 01712-345678 ab9");
});
