import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { canonicalWriter } from "./canonical-bytes.ts";

it("writes integers in big-endian two's complement", () => {
  const bytes = canonicalWriter().u16(258).i64(-2n).text(null).bytes();
  expect(Buffer.from(bytes).toString("hex")).toBe("0102fffffffffffffffeffffffff");
});

it("refuses numbers that do not fit", () => {
  expect(() => canonicalWriter().u16(65_536)).toThrow(/u16/);
  expect(() => canonicalWriter().i64(2n ** 63n)).toThrow(/i64/);
});

test.prop([fc.string({ unit: "binary" })])(
  "writes text as the platform's own UTF-8, after its length",
  (text) => {
    const encoded = new TextEncoder().encode(text);
    const bytes = canonicalWriter().text(text).bytes();
    expect(Buffer.from(bytes.slice(0, 4)).readInt32BE()).toBe(encoded.length);
    expect(bytes.slice(4)).toEqual(encoded);
  },
);

it("writes a lone surrogate as the database would keep it", () => {
  expect(canonicalWriter().text("\ud800").bytes()).toEqual(canonicalWriter().text("\uFFFD").bytes());
});

test.prop([fc.array(fc.string()), fc.array(fc.string())])(
  "never gives two lists of texts the same bytes",
  (a, b) => {
    const bytes = (texts: readonly string[]): string => {
      const writer = canonicalWriter();
      for (const text of texts) writer.text(text);
      return Buffer.from(writer.bytes()).toString("hex");
    };
    expect(bytes(a) === bytes(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
  },
);
