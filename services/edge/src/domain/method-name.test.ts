import { expect, test } from "vitest";
import { methodName } from "./method-name.ts";

test.each([
  ["VISA-Dutch Bangla", "VISA", "Visa card", "ভিসা কার্ড"],
  ["MASTERCARD-Dutch Bangla", "MASTERCARD", "Mastercard", "মাস্টারকার্ড"],
  ["BKASH-BKash", "MOBILEBANKING", "bKash", "বিকাশ"],
  ["NAGAD-Nagad", "MOBILEBANKING", "Nagad", "নগদ"],
  ["DBBLMOBILEB-Dbbl Mobile Banking", "MOBILEBANKING", "Rocket", "রকেট"],
  ["CITY-City Bank", "VISA", "Visa card", "ভিসা কার্ড"],
  ["IBBL-Islami Bank", "INTERNETBANKING", "Islami Bank", "Islami Bank"],
  ["QCASH", "QCASH", "QCASH", "QCASH"],
  ["constructor-A-B", "__proto__", "A-B", "A-B"],
])("%s, %s is called %s", (channel, brand, en, bn) => {
  expect(methodName({ channel, brand }, "en")).toBe(en);
  expect(methodName({ channel, brand }, "bn")).toBe(bn);
});

test("nothing has no name", () => {
  expect(methodName({ channel: "", brand: "" }, "en")).toBeNull();
});
