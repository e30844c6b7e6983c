import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  base58,
  eventId,
  eventUuid,
  formatUuid,
  fromBase58,
  PAYMENT_REFERENCE_PATTERN,
  paymentReference,
  uuidV7,
} from "./id.ts";

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("ids", () => {
  test.prop([bytes16])("base58 of 16 bytes is 22 characters and comes back", (bytes) => {
    const text = base58(bytes);
    expect(text).toHaveLength(22);
    expect(fromBase58(text)).toEqual(bytes);
  });

  it("refuses text that is no 128-bit number", () => {
    expect(fromBase58("z".repeat(22))).toBeNull();
    expect(fromBase58("0".repeat(22))).toBeNull();
    expect(fromBase58("1")).toBeNull();
    expect(eventUuid("pay_1111111111111111111111")).toBeNull();
  });

  test.prop([fc.integer({ min: 0, max: 2 ** 48 - 1 }), bytes16])(
    "uuid version 7 carries its time, version and variant",
    (now, random) => {
      const text = formatUuid(uuidV7(now, random));
      expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(text.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
      expect(eventUuid(eventId(now, random))).toBe(text);
    },
  );

  test.prop([bytes16])("a payment reference fits its pattern", (random) => {
    expect(paymentReference(random)).toMatch(PAYMENT_REFERENCE_PATTERN);
  });
});
