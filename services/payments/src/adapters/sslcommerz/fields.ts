/** The scalar fields of a form or of a JSON answer, as text. A name that is absent reads as empty. */
export type Fields = ReadonlyMap<string, string>;

export function readField(fields: Fields, name: string): string {
  return fields.get(name) ?? "";
}

/** A status word: trimmed and in upper case, because samples differ in both. */
export function readWord(fields: Fields, name: string): string {
  return readField(fields, name).trim().toUpperCase();
}

/**
 * An identifier of theirs or ours; null unless it is 1 to 80 visible ASCII characters. Anything else matches no
 * record, and a NUL byte would not even be storable.
 */
export function readReference(fields: Fields, name: string): string | null {
  const text = readField(fields, name).trim();
  return /^[\x21-\x7e]{1,80}$/.test(text) ? text : null;
}

/** Text for people: without control characters, well formed, cut to `maxLength` code points. */
export function cleanText(text: string, maxLength: number): string {
  const clean = text
    .replace(/\p{Cc}+/gu, " ")
    .toWellFormed()
    .trim();
  return clean.length <= maxLength ? clean : [...clean].slice(0, maxLength).join("").trim();
}

export function readClean(fields: Fields, name: string, maxLength: number): string {
  return cleanText(readField(fields, name), maxLength);
}
