import { createHash } from "node:crypto";
import type { InboundEvent } from "@oi/platform/events/envelope";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { AcceptEvents, ArrivedEvent } from "../../application/accept-events.ts";
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
  const commit = async (arrived: readonly ArrivedEvent[]): Promise<void> => {
    if (arrived.length === 0) return;
    const { deliveries } = await accept(arrived);
    if (deliveries > 0) onDeliveries();
  };
  const setAside = async (event: InboundEvent, error: unknown): Promise<void> => {
    const isNew = await inbox.park(toPoison(event, "UNDECODABLE", error));
    if (isNew) log.error({ eventId: event.id, subject: event.subject, err: error }, "event parked");
  };
  return {
    handle: async (events) => {
      // Neighbours are committed together, but a change of the URL keeps its place among them: what happened before
      // it still finds the old endpoint.
      let neighbours: ArrivedEvent[] = [];
      for (const event of events) {
        const meaning = decodeEvent(event);
        if (meaning.kind === "PUBLIC") neighbours.push(meaning.arrived);
        if (meaning.kind === "UNDECODABLE") await setAside(event, meaning.error);
        if (meaning.kind !== "TARGET") continue;
        await commit(neighbours);
        neighbours = [];
        await changeTarget(meaning.update);
      }
      await commit(neighbours);
    },
    park: async (event, error) => {
      await inbox.park(toPoison(event, "FAILED_TOO_OFTEN", error));
    },
  };
}
