import type { RawCallback } from "../../domain/gateway.ts";
import type { Fields } from "./fields.ts";

/** The public entry refuses larger bodies already; this is the second lock. */
const MAX_FORM_BYTES = 65_536;
const MAX_FIELDS = 200;

type Form = {
  /** First value of each name, form-decoded, empty strings kept: the signature is over exactly these. */
  readonly fields: Fields;
  /** Why no signature over this form can be trusted; null when the form is sound. */
  readonly problem: "REPEATED_FIELD" | "TOO_LARGE" | null;
};

/** Reads a callback's form once: the body of a POST, the query string of a GET. Never throws. */
export function readForm(callback: RawCallback): Form {
  const isGet = callback.method.toUpperCase() === "GET";
  if ((isGet ? callback.query.length : callback.body.byteLength) > MAX_FORM_BYTES) {
    return { fields: new Map(), problem: "TOO_LARGE" };
  }
  const text = isGet ? callback.query : new TextDecoder("utf-8", { ignoreBOM: true }).decode(callback.body);
  const fields = new Map<string, string>();
  let repeated = false;
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) repeated = true;
    else if (fields.size >= MAX_FIELDS) return { fields, problem: "TOO_LARGE" };
    else fields.set(name, value);
  }
  return { fields, problem: repeated ? "REPEATED_FIELD" : null };
}
