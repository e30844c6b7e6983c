import { describe, expect, test } from "vitest";
import { isEmail, isPhone } from "./customer.ts";

describe("isPhone", () => {
  test.each([
    "01712345678",
    "০১৭১২৩৪৫৬৭৮",
    "+8801712345678",
    "8801712345678",
    "+৮৮০ ১৭১২-৩৪৫৬৭৮",
    "(017) 1234-5678",
    "+14155552671",
  ])("takes %s", (text) => {
    expect(isPhone(text)).toBe(true);
  });

  test.each([
    "01212345678",
    "০১২১২৩৪৫৬৭৮",
    "+8801212345678",
    "0171234567",
    "017123456789",
    "",
    "phone",
    "+",
    "+0123456789",
    "1712345678",
    "01712345678x",
    "+8801712345678".padStart(40, " "),
  ])("refuses %s", (text) => {
    expect(isPhone(text)).toBe(false);
  });
});

describe("isEmail", () => {
  test.each(["a@b.example", "rahim+shop@mail.example.com", "x@localhost"])("takes %s", (text) => {
    expect(isEmail(text)).toBe(true);
  });

  test.each([
    "",
    "a",
    "a@",
    "@b",
    "a b@c.example",
    "a@b..c",
    "a@-b.c",
    "রহিম@mail.example",
    `${"a".repeat(250)}@b.co`,
  ])("refuses %s", (text) => {
    expect(isEmail(text)).toBe(false);
  });
});
