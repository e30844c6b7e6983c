/**
 * Arrays as PostgreSQL reads them from text. The driver would look at every element twice and again; these know what
 * they hold.
 */
export function plainArray(values: readonly (number | bigint | boolean | string)[]): string {
  return `{${values.join(",")}}`;
}

/** Of any text without NUL, which the database does not hold. */
export function textArray(values: readonly string[]): string {
  return values.length === 0 ? "{}" : `{"${values.map(escaped).join('","')}"}`;
}

export function bytesArray(values: readonly Uint8Array[]): string {
  return values.length === 0 ? "{}" : `{"\\\\x${values.map(hex).join('","\\\\x')}"}`;
}

const SPECIAL = /["\\]/;

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/["\\]/g, "\\$&") : text;
}

function hex({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
