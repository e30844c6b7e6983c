import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * Who sent a request. Behind proxies of our own it is the entry that the outermost of them wrote, counted from the
 * right; everything further left may have been written by the sender.
 */
export function clientAddress(request: IncomingMessage, trustedHops: number): string {
  const direct = request.socket.remoteAddress ?? "";
  if (trustedHops === 0) return direct;
  const forwarded = request.headers["x-forwarded-for"];
  const entries = (typeof forwarded === "string" ? forwarded : "").split(",").map((entry) => entry.trim());
  const claimed = entries.at(-trustedHops) ?? "";
  return isIP(claimed) === 0 ? direct : claimed;
}
