import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { holdsCardNumber } from "./card-number.ts";

describe("a card number is found", () => {
  test.each([
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "3530111333300000",
    "6011111111111117",
    "6200000000000005",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "3782 822463 10005",
    "card:4111111111111111.",
    "pay with 5555-5555-5555-4444 please",
    "cust_4242424242424242",
    "৪১১১১১১১১১১১১১১১",
  ])("%s", (text) => expect(holdsCardNumber(text)).toBe(true));
});

describe("what is no card number is let through", () => {
  test.each([
    ["wrong check digit", "4111111111111112"],
    ["mobile", "01712345678"],
    ["mobile, international", "+8801712345678"],
    ["two mobiles", "01712345678 01812345678"],
    ["mobile and amount", "8801712345678-4000"],
    ["milliseconds", "1780567200123"],
    ["date and serial", "2026060410000017"],
    ["snowflake", "1937812345678901248"],
    ["order", "ORD-2026-000000017"],
    ["national id", "1990123456789012345"],
    ["glued to letters", "TXN4111111111111111"],
    ["longer", "41111111111111111111111"],
    ["mixed separators", "4111 1111-1111 1111"],
    ["uuid", "4111d111-1111-4111-8111-111111111111"],
    ["decimal groups", "4111,1111,1111,1111"],
  ])("%s: %s", (_, text) => expect(holdsCardNumber(text)).toBe(false));

  property.prop([fc.stringMatching(/^(\+?880|0)1[3-9][0-9]{8}$/)])("every phone number", (phone) => {
    expect(holdsCardNumber(phone)).toBe(false);
  });
});
