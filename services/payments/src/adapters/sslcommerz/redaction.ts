/** Groups of digits, each one separator away from the next, as people and forms write card numbers. */
const DIGIT_GROUPS = /[0-9]+(?:(?:[ +-]|%20)[0-9]+)*/g;
const SECRET_FIELDS = /(^|[?&\s])(store_passwd|verify_sign|verify_sign_sha2)=[^&\s]*/gi;

/** The check digit of card numbers (ISO/IEC 7812-1 annex B). */
function isLuhnValid(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

/** A number with something before or behind it: any part of it may be the card's. */
function hidesCardNumber(digits: string): boolean {
  for (let start = 0; start + 13 <= digits.length; start++) {
    for (let length = 13; length <= 19 && start + length <= digits.length; length++) {
      if (isLuhnValid(digits.slice(start, start + length))) return true;
    }
  }
  return false;
}

const maskGroup = (group: string, kept: number): string =>
  "X".repeat(group.length - kept) + group.slice(group.length - kept);

/** How many groups from the first on make up a card number, 13 to 19 digits (ISO/IEC 7812); 0 when none do. */
function cardLength(groups: readonly string[]): number {
  let digits = "";
  for (const [i, group] of groups.entries()) {
    digits += group;
    if (digits.length > 19) return i === 0 && hidesCardNumber(digits) ? 1 : 0;
    if (digits.length >= 13 && isLuhnValid(digits)) return i + 1;
  }
  return 0;
}

function maskGroups(run: string): string {
  const parts = run.split(/(%20|[ +-])/);
  const groups = parts.filter((_, i) => i % 2 === 0);
  for (let i = 0; i < groups.length; ) {
    const length = cardLength(groups.slice(i, i + 19));
    for (let j = i; j < i + length; j++) {
      const group = groups[j] ?? "";
      groups[j] = maskGroup(group, j === i + length - 1 ? Math.min(4, group.length) : 0);
    }
    i += Math.max(length, 1);
  }
  return parts.map((part, i) => (i % 2 === 0 ? groups[i / 2] : part)).join("");
}

/**
 * Masks all but the last four digits of whatever may be a card number, for evidence that is stored. It masks too
 * much rather than too little: one in ten numbers of that length passes the check by chance.
 */
export function maskPans(text: string): { readonly text: string; readonly masked: boolean } {
  const result = text.replace(DIGIT_GROUPS, (run) => (run.length < 13 ? run : maskGroups(run)));
  return { text: result, masked: result !== text };
}

/** A raw form made fit to be stored: without credentials and signatures, card numbers masked. */
export function redactEvidence(form: string): { readonly text: string; readonly masked: boolean } {
  return maskPans(form.replace(SECRET_FIELDS, "$1$2=[redacted]"));
}

/** The path with its query for sending. It holds the store password and goes nowhere but to the socket. */
export function renderPath(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A request for logs, spans and errors: method, host, path and the names of the parameters, never a value. */
export function describeRequest(
  method: string,
  baseUrl: string,
  path: string,
  names: Iterable<string>,
): string {
  return `${method} ${new URL(baseUrl).host}${path} (${[...names].join(", ")})`;
}

/**
 * All that is ever kept of an error: its code. Messages, causes and other properties of HTTP errors may carry the
 * URL, and the URL carries the store password.
 */
export function errorCode(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{0,39}$/.test(code) ? code : "ERROR";
}

/** Free text of theirs without our secret: a failure text may quote the request, and so the password. */
export function removeSecret(text: string, secret: string): string {
  const encoded = new URLSearchParams({ s: secret }).toString().slice(2);
  return [secret, encodeURIComponent(secret), encoded]
    .filter((form) => form !== "")
    .reduce((clean, form) => clean.replaceAll(form, "[redacted]"), text);
}
