import { invalid } from "@oi/kernel/errors";

/** A position in a list, with the arguments it belongs to. It is opaque to callers and grants nothing. */
export function writePageToken(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts), "utf8").toString("base64url");
}

/**
 * The position that follows the given arguments in the token; null for the empty token. Raises VALIDATION_ERROR for a
 * token that is none of ours or was given for other arguments.
 */
export function readPageToken(
  token: string,
  args: readonly string[],
  positions: number,
): readonly string[] | null {
  if (token === "") return null;
  const parts = parse(token);
  const fits = parts.length === args.length + positions && args.every((arg, i) => parts[i] === arg);
  if (!fits || writePageToken(parts) !== token) throw invalidPageToken();
  return parts.slice(args.length);
}

function parse(token: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (Array.isArray(parts) && parts.every((part) => typeof part === "string")) return parts;
  } catch {
    // Not JSON: the same refusal as for any other foreign token.
  }
  throw invalidPageToken();
}

export function invalidPageToken(): Error {
  return invalid({ pageToken: "must come from the last answer to the same request" });
}
