import { createHash } from "node:crypto";
import type { InboundEvent } from "@oi/platform/events/envelope";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { AcceptEvents } from "../../application/accept-events.ts";
import type { ChangeTarget } from "../../application/change-target.ts";
import type { EventInbox, PoisonEvent } from "../../application/ports.ts";
import { decodeEvent } from "./decode-event.ts";

export type EventHandler = {
  handle(events: readonly InboundEvent[]): Promise<void>;
  park(event: InboundEvent, error: unknown): Promise<void>;
};

const ERROR_LENGTH = 1_000;

/** The database's text holds everything but NUL; an event with one must still find its place. */
const storable = (text: string): string => text.replaceAll("\0", "\uFFFD");

/** An event without an id is known by its content: its repeats are the same event. */
function idOf({ id, subject, payload }: InboundEvent): string {
  return id === ""
    ? `sha256:${createHash("sha256").update(`${subject}\n${payload}`).digest("hex")}`
    : storable(id);
}

function toPoison(event: InboundEvent, reason: PoisonEvent["reason"], error: unknown): PoisonEvent {
  return {
    eventId: idOf(event),
    subject: event.subject,
    headers: Object.fromEntries(
      Object.entries(event.headers).map(([name, value]) => [name, storable(value)]),
    ),
    payload: storable(event.payload),
    reason,
    error: storable(error instanceof Error ? error.message : String(error)).slice(0, ERROR_LENGTH),
    deliveries: event.deliveries,
  };
}

/** Gives each event to what it means; every part may be repeated, so a failure half-way loses and doubles nothing. */
export function createEventHandler({
  accept,
  changeTarget,
  inbox,
  onDeliveries,
  log,
}: {
  readonly accept: AcceptEvents;
  readonly changeTarget: ChangeTarget;
  readonly inbox: Pick<EventInbox, "park">;
  /** Called after the commit that made deliveries. */
  readonly onDeliveries: () => void;
  readonly log: Logger;
}): EventHandler {
  return {
    handle: async (events) => {
      const decoded = events.map((event) => ({ event, meaning: decodeEvent(event) }));
      // Targets first: an event that follows a change of the URL should find it made.
      for (const { meaning } of decoded) if (meaning.kind === "TARGET") await changeTarget(meaning.update);
      const arrived = decoded.flatMap(({ meaning }) => (meaning.kind === "PUBLIC" ? [meaning.arrived] : []));
      if (arrived.length > 0) {
        const { deliveries } = await accept(arrived);
        if (deliveries > 0) onDeliveries();
      }
      for (const { event, meaning } of decoded) {
        if (meaning.kind !== "UNDECODABLE") continue;
        const isNew = await inbox.park(toPoison(event, "UNDECODABLE", meaning.error));
        if (isNew)
          log.error({ eventId: event.id, subject: event.subject, err: meaning.error }, "event parked");
      }
    },
    park: async (event, error) => {
      await inbox.park(toPoison(event, "FAILED_TOO_OFTEN", error));
    },
  };
}
