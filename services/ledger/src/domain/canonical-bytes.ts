import { assert } from "@oi/kernel/assert";

/** SHA-256, given from outside because the domain has no cryptography of its own. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export type CanonicalWriter = {
  u8(value: number): CanonicalWriter;
  u16(value: number): CanonicalWriter;
  i32(value: number): CanonicalWriter;
  i64(value: bigint): CanonicalWriter;
  /** 32-bit byte length, then UTF-8; null is the length −1. */
  text(value: string | null): CanonicalWriter;
  /** As they are, without a length: for values of a fixed size. */
  raw(value: ArrayLike<number>): CanonicalWriter;
  bytes(): Uint8Array;
};

const FIRST_SIZE = 512;

/**
 * Writes bytes that are hashed: big-endian two's complement and lengths before texts. There are no separators, because
 * a text that holds the separator would forge another record.
 */
export function canonicalWriter(): CanonicalWriter {
  let out = new Uint8Array(FIRST_SIZE);
  let view = new DataView(out.buffer);
  let at = 0;
  /** Makes room and returns where it begins. */
  const room = (size: number): number => {
    const from = at;
    at += size;
    if (at > out.length) {
      const larger = new Uint8Array(Math.max(at, out.length * 2));
      larger.set(out);
      out = larger;
      view = new DataView(out.buffer);
    }
    return from;
  };
  const writer: CanonicalWriter = {
    u8: (value) => {
      assert(value >= 0 && value <= 0xff, "u8 out of range");
      const from = room(1);
      view.setUint8(from, value);
      return writer;
    },
    u16: (value) => {
      assert(value >= 0 && value <= 0xffff, "u16 out of range");
      const from = room(2);
      view.setUint16(from, value);
      return writer;
    },
    i32: (value) => {
      assert((value | 0) === value, "i32 out of range");
      const from = room(4);
      view.setInt32(from, value);
      return writer;
    },
    i64: (value) => {
      assert(BigInt.asIntN(64, value) === value, "i64 out of range");
      const from = room(8);
      view.setBigInt64(from, value);
      return writer;
    },
    text: (value) => {
      if (value === null) return writer.i32(-1);
      const encoded = utf8(value);
      writer.i32(encoded.length);
      return writer.raw(encoded);
    },
    raw: (value) => {
      // Room first: it may put another array in the place of this one.
      const from = room(value.length);
      out.set(value, from);
      return writer;
    },
    bytes: () => out.slice(0, at),
  };
  return writer;
}

/** UTF-8 by hand, because the domain has no TextEncoder. A lone surrogate becomes U+FFFD, as everywhere else. */
function utf8(text: string): number[] {
  const out: number[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      out.push(unit);
      continue;
    }
    const point = text.codePointAt(i) ?? 0;
    if (point > 0xffff) i += 1;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x800) out.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else out.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return out;
}

/** A text alone, without its length. */
export function utf8Bytes(text: string): Uint8Array {
  return Uint8Array.from(utf8(text));
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(hex: string): Uint8Array {
  assert(/^([0-9a-f]{2})*$/.test(hex), "not hexadecimal");
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}
