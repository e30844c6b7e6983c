import { invalid } from "@oi/kernel/errors";

/** `"abc"` and `abc` are the same key: the quotes belong to the header's syntax. Raises VALIDATION_ERROR. */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string {
  if (header === undefined) return "";
  const text = typeof header === "string" ? header : header.join(", ");
  const key = /^".*"$/.test(text) && text.length > 1 ? text.slice(1, -1) : text;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw invalid({ "Idempotency-Key": "must be 1 to 255 visible ASCII characters" });
}
