import { assert } from "@oi/kernel/assert";

/** SHA-256, given from outside because the domain has no cryptography of its own. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export type CanonicalWriter = {
  u16(value: number): CanonicalWriter;
  i64(value: bigint): CanonicalWriter;
  /** 32-bit byte length, then UTF-8; null is the length −1. */
  text(value: string | null): CanonicalWriter;
  bytes(): Uint8Array;
};

/**
 * Writes bytes that are hashed: big-endian two's complement and lengths before texts. There are no separators, because
 * a text that holds the separator would forge another record.
 */
export function canonicalWriter(): CanonicalWriter {
  const out: number[] = [];
  const integer = (value: bigint, size: number): void => {
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8)
      out.push(Number((value >> BigInt(shift)) & 255n));
  };
  const writer: CanonicalWriter = {
    u16: (value) => {
      assert(value >= 0 && value <= 0xffff, "u16 out of range");
      integer(BigInt(value), 2);
      return writer;
    },
    i64: (value) => {
      assert(BigInt.asIntN(64, value) === value, "i64 out of range");
      integer(value, 8);
      return writer;
    },
    text: (value) => {
      const encoded = value === null ? null : utf8(value);
      integer(BigInt(encoded?.length ?? -1), 4);
      for (const byte of encoded ?? []) out.push(byte);
      return writer;
    },
    bytes: () => Uint8Array.from(out),
  };
  return writer;
}

/** UTF-8 by hand, because the domain has no TextEncoder. A lone surrogate becomes U+FFFD, as everywhere else. */
function utf8(text: string): number[] {
  const out: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else out.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return out;
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}
