import { MIMEType } from "node:util";
import { DomainError } from "@oi/kernel/errors";

function parseMediaType(header: string): MIMEType | null {
  try {
    return new MIMEType(header);
  } catch {
    return null;
  }
}

/** `application/json; charset=UTF-8` is `application/json`; any other character set is not. */
function isMediaType(header: string | undefined, essence: string): boolean {
  const type = header === undefined ? null : parseMediaType(header);
  const charset = type?.params.get("charset")?.toLowerCase() ?? "utf-8";
  return type?.essence === essence && charset === "utf-8";
}

/** Raises UNSUPPORTED_MEDIA_TYPE. A request without content needs no type. */
export function requireMediaType(
  headers: { readonly "content-type"?: string | undefined; readonly "content-encoding"?: string | undefined },
  essence: string,
  body: Uint8Array,
): void {
  if (headers["content-encoding"] !== undefined) {
    throw new DomainError("UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.");
  }
  const type = headers["content-type"];
  if (type === undefined && body.length === 0) return;
  if (!isMediaType(type, essence)) {
    throw new DomainError("UNSUPPORTED_MEDIA_TYPE", `The body must be ${essence} in UTF-8.`);
  }
}
