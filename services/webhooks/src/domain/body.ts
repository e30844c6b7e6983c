import { formatInstant } from "@oi/kernel/instant";
import type { PublicEvent } from "./event.ts";

/** The newest version of the body; an endpoint keeps the one it was created with. */
export const SCHEMA_VERSION = 1;

/**
 * The text that is signed and sent, keys in this order and without spaces. It is rendered once and stored: every
 * attempt sends the same bytes, whatever later releases would render.
 */
export function renderBody(event: PublicEvent): string {
  return JSON.stringify({
    id: event.id,
    type: event.type,
    schemaVersion: SCHEMA_VERSION,
    mode: event.mode,
    createdAt: formatInstant(event.occurredAt),
    sequence: event.sequence,
    data: event.data,
  });
}
