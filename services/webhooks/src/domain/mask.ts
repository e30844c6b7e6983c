const LIMIT = 4_096;

/** Thirteen to nineteen digits, also in groups: what a card number looks like. */
const CARD = /(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g;
const SECRET = /wh(sec|sk)_[A-Za-z0-9+/=]+/g;

/** The beginning of an answer as it may be stored: no card number, no secret, no NUL, at most 4 KiB of characters. */
export function maskAnswer(text: string): string {
  return text
    .slice(0, LIMIT)
    .replaceAll("\0", "\uFFFD")
    .replace(CARD, (digits) => `${"*".repeat(digits.length - 4)}${digits.slice(-4)}`)
    .replace(SECRET, "wh$1_***");
}
