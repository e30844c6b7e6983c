import { invalid } from "@oi/kernel/errors";

/** How many rows a page token passes over. Raises VALIDATION_ERROR for text that is no token of ours. */
export function readPageToken(token: string): number {
  if (token === "") return 0;
  const text = Buffer.from(token, "base64url").toString("latin1");
  if (!/^skip:\d{1,5}$/.test(text)) throw invalid({ pageToken: "is not a page token of this list" });
  return Number(text.slice("skip:".length));
}

export function writePageToken(skip: number): string {
  return Buffer.from(`skip:${skip}`).toString("base64url");
}
