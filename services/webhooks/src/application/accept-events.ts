import { renderBody } from "../domain/body.ts";
import type { PublicEvent } from "../domain/event.ts";
import { patternsFor } from "../domain/filter.ts";
import type { EventInbox, FanoutResult } from "./ports.ts";

export type ArrivedEvent = { readonly event: PublicEvent; readonly snapshot: string };

export type AcceptEvents = (arrived: readonly ArrivedEvent[]) => Promise<FanoutResult>;

/** Turns events into deliveries: each body is rendered here, once, and frozen with the event. */
export function createAcceptEvents(inbox: EventInbox): AcceptEvents {
  return (arrived) =>
    inbox.commitFanout(
      arrived.map(({ event, snapshot }) => ({
        event,
        snapshot,
        patterns: patternsFor(event.type),
        body: renderBody(event),
      })),
    );
}
