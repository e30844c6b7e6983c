import { assert } from "@oi/kernel/assert";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type {
  AccountKey,
  Adjustments,
  Books,
  LedgerReads,
  ParkedEvent,
  ParkedEvents,
  PostingOutcome,
  Postings,
} from "../../application/ports.ts";
import { DEFAULT_UTC_OFFSET_MINUTES } from "../../domain/business-date.ts";
import { toHex } from "../../domain/canonical-bytes.ts";
import type { Draft } from "../../domain/draft.ts";
import { memoryAdjustments } from "./memory-adjustments.ts";
import { append, emptyBook, type MemoryBook, refusalOf, reject, setStatus } from "./memory-book.ts";
import { memoryReads } from "./memory-reads.ts";

type InboxRow =
  | { readonly outcome: "PARKED" | "IGNORED" }
  | { readonly outcome: "POSTED" | "REPLAYED"; readonly book: MemoryBook; readonly seq: number };

export type MemoryLedger = {
  readonly books: Books;
  readonly postings: Postings;
  readonly parkedEvents: ParkedEvents;
  readonly reads: LedgerReads;
  readonly adjustments: Adjustments;
  /** What waits for a person, for tests to look at. */
  parked(): readonly ParkedEvent[];
  closeAccount(scope: Scope, key: AccountKey): Promise<void>;
};

type State = {
  readonly byName: Map<string, MemoryBook>;
  readonly inbox: Map<string, InboxRow>;
  readonly parked: Map<string, ParkedEvent>;
  readonly now: () => Instant;
};

/** The whole ledger in memory: the reference model of the database, and the store of tests. */
export function memoryLedger({ now }: { readonly now: () => Instant }): MemoryLedger {
  const state: State = { byName: new Map(), inbox: new Map(), parked: new Map(), now };
  const { byName } = state;
  const name = (scope: Scope): string => `${scope.applicationId} ${scope.mode}`;
  const find = (scope: Scope): MemoryBook | undefined => byName.get(name(scope));
  return {
    books: {
      open: async (scope) => {
        if (!find(scope)) byName.set(name(scope), emptyBook(scope));
        return { utcOffsetMinutes: DEFAULT_UTC_OFFSET_MINUTES };
      },
    },
    postings: {
      post: async (scope, drafts) => {
        const book = find(scope);
        assert(book !== undefined, "the book was not opened");
        const blockNo = book.lastBlock + 1;
        return drafts.map((draft) => postOne(state, book, draft, blockNo));
      },
    },
    parkedEvents: memoryParkedEvents(state),
    reads: memoryReads({ find, books: () => [...byName.values()], now }),
    adjustments: memoryAdjustments({ find, now }),
    parked: () => [...state.parked.values()],
    closeAccount: async (scope, key) => {
      const book = find(scope);
      if (book) setStatus(book, key, "CLOSED");
    },
  };
}

/** The transaction that an event was posted as; 0 when it was passed over, null when it may be posted. */
function heardAs(state: State, book: MemoryBook, { source }: Draft): number | null {
  const heard = source ? state.inbox.get(source.eventUuid) : undefined;
  if (!heard || heard.outcome === "PARKED") return null;
  return "book" in heard && heard.book === book ? heard.seq : 0;
}

function decide(state: State, book: MemoryBook, draft: Draft, blockNo: number): PostingOutcome {
  const heard = heardAs(state, book, draft);
  const known = book.byKey.get(draft.key);
  const keptSeq = known && "seq" in known ? known.seq : 0;
  if (heard !== null && (heard === 0 || heard !== keptSeq))
    return { code: "IDEMPOTENCY_KEY_CONFLICT", seq: heard || keptSeq };
  if (known && known.requestHash !== toHex(draft.requestHash))
    return { code: "IDEMPOTENCY_KEY_CONFLICT", seq: keptSeq };
  if (known) return "seq" in known ? { code: "REPLAYED", seq: known.seq } : { code: known.code, seq: 0 };
  const recordedAt = state.now();
  const refusal = draft.source ? null : refusalOf(book, draft);
  if (refusal === null) return { code: "POSTED", seq: append(book, draft, blockNo, recordedAt) };
  reject(book, draft, refusal, { blockNo, recordedAt });
  return { code: refusal, seq: 0 };
}

function postOne(state: State, book: MemoryBook, draft: Draft, blockNo: number): PostingOutcome {
  const outcome = decide(state, book, draft, blockNo);
  if (draft.source && (outcome.code === "POSTED" || outcome.code === "REPLAYED")) {
    const { eventUuid } = draft.source;
    const heard = state.inbox.get(eventUuid);
    if (!heard || heard.outcome === "PARKED") {
      state.inbox.set(eventUuid, { outcome: outcome.code, book, seq: outcome.seq });
      state.parked.delete(eventUuid);
    }
  }
  return outcome;
}

function memoryParkedEvents({ inbox, parked, now }: State): ParkedEvents {
  return {
    park: async (event, reason, error) => {
      const mayBePosted = reason === "KEY_CONFLICT" && !parked.has(event.uuid);
      if (inbox.has(event.uuid) && !mayBePosted) return false;
      if (!inbox.has(event.uuid)) inbox.set(event.uuid, { outcome: "PARKED" });
      parked.set(event.uuid, { event, reason, error, parkedAt: now() });
      return true;
    },
    ignore: async (events) => {
      for (const { uuid } of events) if (!inbox.has(uuid)) inbox.set(uuid, { outcome: "IGNORED" });
    },
    waiting: async (uuid) => parked.get(uuid) ?? null,
    list: async ({ after, limit }) => {
      const all = [...parked.values()];
      const from = after === null ? 0 : all.findIndex(({ event }) => event.uuid === after) + 1;
      return all.slice(from, from + limit);
    },
    resolve: async (uuid) => {
      parked.delete(uuid);
    },
  };
}
