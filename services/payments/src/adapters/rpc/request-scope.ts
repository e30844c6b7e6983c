import type { Scope } from "@oi/kernel/scope";
import { modeFromProto } from "@oi/proto/public/scope";

export function scopeOf(request: {
  applicationId: bigint;
  mode: Parameters<typeof modeFromProto>[0];
}): Scope {
  return { applicationId: safeId(request.applicationId), mode: modeFromProto(request.mode) };
}

/** An id beyond 2^53-1 was never given out; 0 finds nothing. */
export function safeId(id: bigint): number {
  return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : 0;
}
