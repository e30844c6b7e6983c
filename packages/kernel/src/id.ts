import { assert } from "./assert.ts";
import type { Instant } from "./instant.ts";

/** Bitcoin's base58: no 0, O, I, l. 128 bits always fit in 22 characters. */
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LENGTH = 22;

export const PAYMENT_REFERENCE_PATTERN = /^pay_[1-9A-HJ-NP-Za-km-z]{22}$/;

/** 16 bytes → 22 base58 characters, padded at the left with `1`. */
export function base58(bytes: Uint8Array): string {
  assert(bytes.length === 16, "base58 takes 16 bytes");
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < LENGTH; i++) {
    text = ALPHABET.charAt(Number(value % 58n)) + text;
    value /= 58n;
  }
  return text;
}

/** The inverse of {@link base58}; null for anything that is not 22 characters of a 128-bit number. */
export function fromBase58(text: string): Uint8Array | null {
  if (text.length !== LENGTH) return null;
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    value = value * 58n + BigInt(digit);
  }
  if (value >> 128n !== 0n) return null;
  const bytes = new Uint8Array(16);
  for (let i = 15; i >= 0; i--) {
    bytes[i] = Number(value & 255n);
    value >>= 8n;
  }
  return bytes;
}

/** UUID version 7 (RFC 9562): 48 bits of time, then random bits. `random` holds at least 10 bytes. */
export function uuidV7(now: Instant, random: Uint8Array): Uint8Array {
  assert(random.length >= 10, "uuidV7 takes 10 random bytes");
  const bytes = new Uint8Array(16);
  let time = BigInt(now);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = Number(time & 255n);
    time >>= 8n;
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}

export function formatUuid(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(i === 0 ? 0 : ends[i - 1], end)).join("-");
}

/** Event id = `evt_` + base58 of a UUIDv7: the outbox id, `ce-id`, `Nats-Msg-Id` and `webhook-id` alike. */
export function eventId(now: Instant, random: Uint8Array): string {
  return `evt_${base58(uuidV7(now, random))}`;
}

/** The UUID inside an event id, as text; null when the text is not an event id. */
export function eventUuid(id: string): string | null {
  const bytes = id.startsWith("evt_") ? fromBase58(id.slice(4)) : null;
  return bytes && formatUuid(bytes);
}

/** Payment reference = `pay_` + base58 of 128 random bits: unguessable, the checkout's only key. */
export function paymentReference(random: Uint8Array): string {
  return `pay_${base58(random.subarray(0, 16))}`;
}

/** Refund reference = `rf_` + base58 of 128 random bits; with the number of the try the gateway's name for it. */
export function refundReference(random: Uint8Array): string {
  return `rf_${base58(random.subarray(0, 16))}`;
}
