import type { Scope } from "@oi/kernel/scope";
import type { Sha256 } from "../domain/canonical-bytes.ts";
import type { Draft } from "../domain/draft.ts";
import type { Fact } from "../domain/fact.ts";
import { draftOf } from "../domain/posting-rules.ts";
import type { Books, ParkedEvents, ParkReason, Postings, ReceivedEvent } from "./ports.ts";

/** An event that was read: the fact in it, that it asks for no posting, or why there is none that can be posted. */
export type ReadEvent = { readonly event: ReceivedEvent } & (
  | { readonly fact: Fact }
  | { readonly ignored: true }
  | { readonly problem: ParkReason; readonly error: string }
);

export type Parked = { readonly event: ReceivedEvent; readonly reason: ParkReason };

type EventWithFact = { readonly event: ReceivedEvent; readonly fact: Fact };

/** Books are independent; more at once would only crowd the pool. */
const BOOKS_AT_ONCE = 4;

/**
 * Posts every fact once and parks what cannot be posted. When it returns, all of it is committed; when it raises, the
 * same events may be given again. Returns what was parked now.
 */
export function recordFacts(ports: {
  readonly books: Books;
  readonly postings: Postings;
  readonly parkedEvents: ParkedEvents;
  readonly sha256: Sha256;
}): (events: readonly ReadEvent[]) => Promise<readonly Parked[]> {
  const { books, postings, parkedEvents, sha256 } = ports;

  const park = async (event: ReceivedEvent, reason: ParkReason, error: string): Promise<Parked[]> =>
    (await parkedEvents.park(event, reason, error)) ? [{ event, reason }] : [];

  const recordInBook = async (scope: Scope, items: readonly EventWithFact[]): Promise<Parked[]> => {
    const terms = await books.open(scope);
    const drafts: readonly Draft[] = items.map(({ fact }) => draftOf(fact, terms, sha256));
    const outcomes = await postings.post(scope, drafts);
    const parked: Parked[] = [];
    for (const [i, { event }] of items.entries()) {
      if (outcomes[i]?.code !== "IDEMPOTENCY_KEY_CONFLICT") continue;
      const error = `${drafts[i]?.key}: the key or the event is of another fact, transaction ${outcomes[i]?.seq}`;
      parked.push(...(await park(event, "KEY_CONFLICT", error)));
    }
    return parked;
  };

  return async (events) => {
    const parked: Parked[] = [];
    for (const read of events) {
      if ("problem" in read) parked.push(...(await park(read.event, read.problem, read.error)));
    }
    const ignored = events.flatMap((read) => ("ignored" in read ? [read.event] : []));
    if (ignored.length > 0) await parkedEvents.ignore(ignored);
    const groups = groupByBook(events.filter((read): read is EventWithFact & ReadEvent => "fact" in read));
    for (let i = 0; i < groups.length; i += BOOKS_AT_ONCE) {
      const some = groups.slice(i, i + BOOKS_AT_ONCE);
      parked.push(...(await Promise.all(some.map(({ scope, items }) => recordInBook(scope, items)))).flat());
    }
    return parked;
  };
}

type BookGroup = { readonly scope: Scope; readonly items: EventWithFact[] };

function groupByBook(items: readonly EventWithFact[]): readonly BookGroup[] {
  const groups = new Map<string, BookGroup>();
  for (const item of items) {
    const { scope } = item.fact;
    const name = `${scope.applicationId} ${scope.mode}`;
    const group = groups.get(name) ?? { scope, items: [] };
    group.items.push(item);
    groups.set(name, group);
  }
  return [...groups.values()];
}
