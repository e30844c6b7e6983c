import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { formatInstant, type Instant } from "@oi/kernel/instant";

export function toTimestamp(instant: Instant): Timestamp {
  const seconds = Math.floor(instant / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (instant - seconds * 1000) * 1_000_000 });
}

/** Whole milliseconds; whatever is finer is cut. */
export function fromTimestamp(timestamp: Timestamp): Instant {
  return Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000);
}

export function isoOrNull(timestamp: Timestamp | undefined): string | null {
  return timestamp ? formatInstant(fromTimestamp(timestamp)) : null;
}
