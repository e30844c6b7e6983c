import { assert } from "@oi/kernel/assert";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type {
  Books,
  LedgerReads,
  ParkedEvents,
  ParkReason,
  PostingOutcome,
  Postings,
  ReceivedEvent,
} from "../../application/ports.ts";
import { DEFAULT_UTC_OFFSET_MINUTES } from "../../domain/business-date.ts";
import type { Draft } from "../../domain/draft.ts";
import { append, emptyBook, hashText, type MemoryBook } from "./memory-book.ts";
import { memoryReads } from "./memory-reads.ts";

type InboxRow = { readonly outcome: "POSTED" | "REPLAYED" | "PARKED"; readonly seq: number };

export type MemoryLedger = {
  readonly books: Books;
  readonly postings: Postings;
  readonly parkedEvents: ParkedEvents;
  readonly reads: LedgerReads;
  /** What waits for a person, for tests to look at. */
  parked(): readonly { readonly event: ReceivedEvent; readonly reason: ParkReason }[];
};

/** The whole ledger in memory: the reference model of the database, and the store of tests. */
export function memoryLedger({ now }: { readonly now: () => Instant }): MemoryLedger {
  const byName = new Map<string, MemoryBook>();
  const inbox = new Map<string, InboxRow>();
  const parked = new Map<string, { readonly event: ReceivedEvent; readonly reason: ParkReason }>();
  const find = (scope: Scope): MemoryBook | undefined => byName.get(`${scope.applicationId} ${scope.mode}`);

  const decide = (book: MemoryBook, draft: Draft): PostingOutcome => {
    const heard = draft.source ? inbox.get(draft.source.eventUuid) : undefined;
    if (heard && heard.outcome !== "PARKED") return { code: "REPLAYED", seq: heard.seq };
    const known = book.byKey.get(draft.key);
    if (!known) return { code: "POSTED", seq: append(book, draft, now()) };
    const isSame = known.requestHash === hashText(draft.requestHash);
    return { code: isSame ? "REPLAYED" : "IDEMPOTENCY_KEY_CONFLICT", seq: known.seq };
  };

  const postOne = (book: MemoryBook, draft: Draft): PostingOutcome => {
    const outcome = decide(book, draft);
    if (draft.source && outcome.code !== "IDEMPOTENCY_KEY_CONFLICT") {
      inbox.set(draft.source.eventUuid, { outcome: outcome.code, seq: outcome.seq });
      parked.delete(draft.source.eventUuid);
    }
    return outcome;
  };

  return {
    books: {
      open: async (scope) => {
        if (!find(scope)) byName.set(`${scope.applicationId} ${scope.mode}`, emptyBook(scope));
        return { utcOffsetMinutes: DEFAULT_UTC_OFFSET_MINUTES };
      },
    },
    postings: {
      post: async (scope, drafts) => {
        const book = find(scope);
        assert(book !== undefined, "the book was not opened");
        return drafts.map((draft) => postOne(book, draft));
      },
    },
    parkedEvents: {
      park: async (event, reason) => {
        if (inbox.has(event.uuid)) return false;
        inbox.set(event.uuid, { outcome: "PARKED", seq: 0 });
        parked.set(event.uuid, { event, reason });
        return true;
      },
    },
    reads: memoryReads(find),
    parked: () => [...parked.values()],
  };
}
