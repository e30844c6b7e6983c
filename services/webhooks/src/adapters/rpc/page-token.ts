import { invalid } from "@oi/kernel/errors";

/** The list's name stands in the token, so one of another list is refused and not misread. */
export type ListName = "endpoints" | "deliveries";

export function encodePageToken(list: ListName, after: number | null): string {
  return after === null ? "" : Buffer.from(`${list}:${after}`, "utf8").toString("base64url");
}

/** The position a token stands for; null for the first page. Raises VALIDATION_ERROR for anything we never gave out. */
export function decodePageToken(list: ListName, token: string): number | null {
  if (token === "") return null;
  const [name, position = ""] = Buffer.from(token, "base64url").toString("utf8").split(":");
  const after = /^[1-9]\d{0,15}$/.test(position) ? Number(position) : Number.NaN;
  if (name !== list || !Number.isSafeInteger(after) || encodePageToken(list, after) !== token) {
    throw invalid({ pageToken: "must be the nextPageToken of an earlier answer" });
  }
  return after;
}
