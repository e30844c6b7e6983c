import type { Sha256 } from "../domain/canonical-bytes.ts";
import { draftOf } from "../domain/posting-rules.ts";
import { parkedEventNotFound } from "./missing.ts";
import type { Books, ParkedEvents, ParkReason, Postings, ReceivedEvent } from "./ports.ts";
import type { ReadEvent } from "./record-facts.ts";

export type RetriedEvent =
  | { readonly posted: true }
  | { readonly posted: false; readonly reason: ParkReason | "IGNORED"; readonly error: string };

export type RetryParkedEvent = (uuid: string) => Promise<RetriedEvent>;

/**
 * Reads and posts a parked event again, with the rules of today; what can be posted is no longer parked. Raises
 * RESOURCE_NOT_FOUND for an event that does not wait.
 */
export function retryParkedEvent(ports: {
  readonly books: Books;
  readonly postings: Postings;
  readonly parkedEvents: ParkedEvents;
  readonly sha256: Sha256;
  readonly read: (event: ReceivedEvent) => ReadEvent | null;
}): RetryParkedEvent {
  return async (uuid) => {
    const parked = await ports.parkedEvents.waiting(uuid);
    if (!parked) throw parkedEventNotFound();
    const read = ports.read(parked.event);
    if (read === null || "ignored" in read) {
      await ports.parkedEvents.resolve(uuid, "IGNORED");
      return { posted: false, reason: "IGNORED", error: "" };
    }
    if ("problem" in read) return { posted: false, reason: read.problem, error: read.error };
    const { fact } = read;
    const draft = draftOf(fact, await ports.books.open(fact.scope), ports.sha256);
    const [outcome] = await ports.postings.post(fact.scope, [draft]);
    if (outcome?.code === "POSTED" || outcome?.code === "REPLAYED") return { posted: true };
    return {
      posted: false,
      reason: "KEY_CONFLICT",
      error: `${draft.key}: the key or the event is of another fact, transaction ${outcome?.seq}`,
    };
  };
}
