import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import type { TimelineEntrySchema } from "@oi/proto/payments/v1/timeline";
import { toTimestamp } from "@oi/proto/public/time";
import type { TimelineEntry } from "../../domain/timeline.ts";

export function timelineMessage(entry: TimelineEntry): MessageInitShape<typeof TimelineEntrySchema> {
  const { id, at, kind, title, actor, status, version, refs, detail } = entry;
  return {
    id,
    kind,
    title,
    actor,
    at: toTimestamp(at),
    refs: { ...refs },
    detail: detail as JsonObject,
    ...(status === null ? {} : { status }),
    ...(version === null ? {} : { version: BigInt(version) }),
  };
}
