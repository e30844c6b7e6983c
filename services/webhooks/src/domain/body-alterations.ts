import type { Cause, Codec } from "./signature-doctor.ts";

export type Alteration = {
  readonly cause: Cause;
  readonly message: string;
  readonly body: Uint8Array | null;
};

/** JSON without spaces; null for text that is none. */
export function compact(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return null;
  }
}

/** What the usual middleware does to a body, undone; the most exact first. */
export function alterations(body: Uint8Array, codec: Codec): readonly Alteration[] {
  const text = codec.text(body, "utf8");
  const utf8 = (changed: string): Uint8Array => codec.bytes(changed, "utf8");
  const unescaped = text
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll("\\/", "/");
  const isMojibake = [...text].every((character) => character.charCodeAt(0) < 256);
  const reencoded = compact(text);
  return [
    {
      cause: "BODY_NEWLINE",
      message: "It verifies without the byte order mark or line ends that were added.",
      body: utf8(
        text
          .replace(/^\uFEFF/, "")
          .replaceAll("\r\n", "\n")
          .replace(/\n+$/, ""),
      ),
    },
    { cause: "BODY_ESCAPED", message: "It verifies once escapes are undone.", body: utf8(unescaped) },
    {
      cause: "BODY_LATIN1",
      message: "The bytes were read as Latin-1 and encoded again.",
      body: isMojibake ? codec.bytes(text, "latin1") : null,
    },
    {
      cause: "BODY_REENCODED",
      message: "It verifies once the JSON is written without spaces.",
      body: reencoded === null ? null : utf8(reencoded),
    },
  ];
}
