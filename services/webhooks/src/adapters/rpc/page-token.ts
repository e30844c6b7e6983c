import { invalid } from "@oi/kernel/errors";

/** The list's name stands in the token, so one of another list is refused and not misread. */
const POSITIONS = {
  endpoints: /^[1-9]\d{0,15}$/,
  deliveries: /^[1-9]\d{0,15}$/,
  due: /^\d{1,17}-[1-9]\d{0,15}$/,
  attempts: /^\d{1,17}-[1-9]\d{0,15}-[1-9]\d{0,8}$/,
  events: /^\d{1,18}-[A-Za-z0-9_]{0,64}$/,
  parked: /^\d{1,17}-[\x21-\x7e]{1,128}$/,
} as const;

export type ListName = keyof typeof POSITIONS;

export function encodePageToken(list: ListName, after: number | string | null): string {
  return after === null ? "" : Buffer.from(`${list}:${after}`, "utf8").toString("base64url");
}

/** The position a token stands for; null for the first page. Raises VALIDATION_ERROR for anything we never gave out. */
export function decodePosition(list: ListName, token: string): string | null {
  if (token === "") return null;
  const text = Buffer.from(token, "base64url").toString("utf8");
  const position = text.slice(list.length + 1);
  const isOurs = text.startsWith(`${list}:`) && POSITIONS[list].test(position);
  if (!isOurs || encodePageToken(list, position) !== token)
    throw invalid({ pageToken: "must be the nextPageToken of an earlier answer" });
  return position;
}

/** As above, for the lists whose position is an id. */
export function decodePageToken(list: "endpoints" | "deliveries", token: string): number | null {
  const position = decodePosition(list, token);
  return position === null ? null : Number(position);
}
