import type { CallbackChannel } from "../domain/callback.ts";
import type { Instant } from "../domain/dhaka-time.ts";
import type { Operation } from "../domain/rule.ts";
import type { Fields, SignMode } from "../domain/signature.ts";

/** Written when a request arrives; the answer is filled in when it leaves. */
export type RequestEntry = {
  readonly kind: "request";
  readonly op: Operation;
  readonly method: string;
  readonly path: string;
  readonly tranId: string;
  /** Without the store password. */
  readonly params: Fields;
  /** The rule or outage that changed the answer. */
  fault: string | null;
  /** null: no answer was sent. */
  httpStatus: number | null;
  /** The status word of the answer as it was meant, before any fault of the transport. */
  answer: string | null;
};

/** Written when a callback is sent; the merchant's answer is filled in when it comes. */
export type CallbackEntry = {
  readonly kind: "callback";
  readonly channel: CallbackChannel;
  readonly tranId: string;
  readonly sessionkey: string;
  readonly status: string;
  readonly sign: SignMode;
  readonly url: string | null;
  readonly fields: Fields;
  readonly repeats: Fields;
  /** `browser`: handed to the page, so the merchant's answer is not seen here. */
  readonly via: "server" | "browser";
  dropped: boolean;
  httpStatus: number | null;
  location: string | null;
  error: string | null;
};

export type JournalEntry = { readonly seq: number; readonly at: Instant } & (RequestEntry | CallbackEntry);

export type Journal = {
  add<T extends RequestEntry | CallbackEntry>(at: Instant, entry: T): T;
  list(): readonly JournalEntry[];
  /** The entries behind this number. */
  listAfter(seq: number): readonly JournalEntry[];
  lastSeq(): number;
  clear(): void;
};

/** The oldest entries make room: a simulator left running must not grow for ever. */
const LIMIT = 100_000;

export function createJournal(): Journal {
  const entries: JournalEntry[] = [];
  let seq = 0;
  return {
    add: (at, entry) => {
      seq += 1;
      const stored = Object.assign(entry, { seq, at });
      entries.push(stored);
      if (entries.length > LIMIT) entries.splice(0, LIMIT / 10);
      return stored;
    },
    list: () => entries,
    // The numbers have no gaps, so the place of the first is known without a search.
    listAfter: (after) => entries.slice(Math.max(0, after + 1 - (entries[0]?.seq ?? 0))),
    lastSeq: () => seq,
    clear: () => {
      entries.length = 0;
    },
  };
}
