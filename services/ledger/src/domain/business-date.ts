import { formatDate, type Instant } from "@oi/kernel/instant";

/** Asia/Dhaka, which has no summer time. Books may have another offset. */
export const DEFAULT_UTC_OFFSET_MINUTES = 360;

/**
 * The day a fact belongs to: that of `occurredAt` at the book's fixed offset. The gateway's own timestamps never
 * decide it.
 */
export function businessDate(occurredAt: Instant, utcOffsetMinutes: number): string {
  return formatDate(occurredAt, utcOffsetMinutes);
}
