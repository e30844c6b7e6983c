import { describe, expect, test } from "vitest";
import { chooseLanguage } from "./language.ts";

const wishes = {
  asked: undefined,
  remembered: undefined,
  acceptLanguage: undefined,
  fallback: "bn" as const,
};

describe("chooseLanguage", () => {
  test("asks the page, then the memory, then the browser, then the configuration", () => {
    const all = { asked: "en", remembered: "bn", acceptLanguage: "bn", fallback: "bn" as const };
    expect(chooseLanguage(all)).toBe("en");
    expect(chooseLanguage({ ...all, asked: "xx", remembered: "en" })).toBe("en");
    expect(chooseLanguage({ ...wishes, acceptLanguage: "en-GB,en;q=0.9" })).toBe("en");
    expect(chooseLanguage(wishes)).toBe("bn");
    expect(chooseLanguage({ ...wishes, fallback: "en" })).toBe("en");
  });

  test.each([
    ["fr;q=1, bn;q=0.3, en;q=0.7", "en"],
    ["bn-BD, en;q=0.9", "bn"],
    ["en;q=0, bn;q=0.1", "bn"],
    ["en;q=zero", "bn"],
    ["fr, de", "bn"],
    [",;;=,", "bn"],
  ])("reads %s as %s", (acceptLanguage, lang) => {
    expect(chooseLanguage({ ...wishes, acceptLanguage })).toBe(lang);
  });
});
