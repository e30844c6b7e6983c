import { notFound } from "@oi/kernel/errors";
import type { ParkedEvents } from "../../application/admin-ports.ts";
import type { EventHandler } from "./event-handler.ts";

export type RetryParked = (eventId: string) => Promise<{ readonly error: string | null }>;

/** Handles a parked event as if it had just arrived. Raises RESOURCE_NOT_FOUND. */
export function createRetryParked({
  parked,
  handler,
}: {
  readonly parked: Pick<ParkedEvents, "byId">;
  readonly handler: Pick<EventHandler, "handle">;
}): RetryParked {
  return async (eventId) => {
    const event = await parked.byId(eventId);
    if (!event) throw notFound("Parked event");
    if (event.resolvedAt !== null) return { error: null };
    const { subject, headers, payload, deliveries } = event;
    const id = headers["ce-id"] ?? eventId;
    try {
      await handler.handle([{ id, subject, headers, payload, deliveries }]);
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
    const after = await parked.byId(eventId);
    return { error: after?.resolvedAt === null ? after.error : null };
  };
}
