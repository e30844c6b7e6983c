import { setImmediate as nextTurn } from "node:timers/promises";
import { DomainError } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { PostingOutcome, Postings } from "../../application/ports.ts";
import type { Draft } from "../../domain/draft.ts";

export type LaneOptions = {
  /** How many books may be posted to at the same time; the connections that the inner postings have. */
  readonly lanes: number;
  /** The most drafts that wait, over all books. */
  readonly queueMax: number;
  /** Waits before an unknown outcome is asked about again. */
  readonly pause: (ms: number) => Promise<void>;
};

export type Lane = Postings & AsyncDisposable;

/** A batch is what waited, up to these bounds. */
const MOST_ITEMS = 1_000;
const MOST_LEGS = 8_000;
const MOST_BYTES = 1_048_576;
/** All that a draft has beside its details: keys, hashes, names; and a leg or condition, which names its account by number. */
const FIXED_BYTES = 500;
const LEG_BYTES = 50;
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 5_000;

type Waiting = {
  readonly draft: Draft;
  readonly resolve: (outcome: PostingOutcome) => void;
  readonly reject: (error: unknown) => void;
};

type Queue = { readonly scope: Scope; readonly waiting: Waiting[]; isRunning: boolean };

/**
 * Adaptive group commit. An idle book sends a draft at once; what arrives while a call runs is the next batch. There is
 * no timer: load makes batches, not delay. A failure whose outcome is unknown is never reported but asked again with
 * the same drafts, whose keys make the answers the same; a batch that cannot be posted is halved until the draft that
 * is to blame fails alone. Once it is disposed, what comes is tried once more and no longer waited for.
 */
export function groupCommit(inner: Postings, options: LaneOptions): Lane {
  const queues = new Map<string, Queue>();
  const ready: Queue[] = [];
  let running = 0;
  let queued = 0;
  let ending = false;

  const send = async (scope: Scope, first: readonly Waiting[]): Promise<void> => {
    const work = [first];
    let pauseMs = FIRST_PAUSE_MS;
    for (let batch = work.shift(); batch; batch = work.shift()) {
      try {
        const drafts = batch.map(({ draft }) => draft);
        settle(batch, await inner.post(scope, drafts));
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (ending) return fail([...batch, ...work.flat()], error);
        if (isUnknown(error)) {
          await options.pause(pauseMs);
          pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
          work.unshift(...(isTooSlow(error) ? halve(batch) : [batch]));
        } else if (batch.length === 1) fail(batch, error);
        else work.unshift(...halve(batch));
      }
    }
  };

  const run = async (queue: Queue): Promise<void> => {
    running += 1;
    const batch = take(queue);
    await send(queue.scope, batch);
    queued -= batch.length;
    // Callers that were answered together come again together: in a turn of the loop all of them are one batch, and at
    // once the first would be a batch alone.
    await nextTurn();
    running -= 1;
    queue.isRunning = false;
    if (queue.waiting.length > 0) wake(queue);
    else queues.delete(nameOf(queue.scope));
    const next = ready.shift();
    if (next) void run(next);
  };

  const wake = (queue: Queue): void => {
    if (queue.isRunning) return;
    queue.isRunning = true;
    if (running < options.lanes) void run(queue);
    else ready.push(queue);
  };

  const enqueue = (scope: Scope, draft: Draft): Promise<PostingOutcome> => {
    const name = nameOf(scope);
    const queue = queues.get(name) ?? { scope, waiting: [], isRunning: false };
    queues.set(name, queue);
    const { promise, resolve, reject } = Promise.withResolvers<PostingOutcome>();
    queue.waiting.push({ draft, resolve, reject });
    queued += 1;
    return promise;
  };

  return {
    post: async (scope, drafts) => {
      if (drafts.length === 0) return [];
      if (queued + drafts.length > options.queueMax) throw busy();
      const outcomes = drafts.map((draft) => enqueue(scope, draft));
      const queue = queues.get(nameOf(scope));
      if (queue) wake(queue);
      // Every one is settled before the caller hears of the first failure: nothing it gave is still on its way.
      const settled = await Promise.allSettled(outcomes);
      return settled.map((one) => {
        if (one.status === "rejected") throw one.reason;
        return one.value;
      });
    },
    [Symbol.asyncDispose]: async () => {
      ending = true;
    },
  };
}

function take({ waiting }: Queue): readonly Waiting[] {
  let legs = 0;
  let bytes = 0;
  let count = 0;
  for (const { draft } of waiting) {
    legs += draft.legs.length;
    bytes += bytesOf(draft);
    if (count === MOST_ITEMS || (count > 0 && (legs > MOST_LEGS || bytes > MOST_BYTES))) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** About: the only text that may be long is counted as it is, the rest by a generous constant. */
function bytesOf({ details, legs, conditions }: Draft): number {
  return FIXED_BYTES + Buffer.byteLength(details) + (legs.length + conditions.length) * LEG_BYTES;
}

function halve<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

function settle(batch: readonly Waiting[], outcomes: readonly PostingOutcome[]): void {
  for (const [i, one] of batch.entries()) {
    const outcome = outcomes[i];
    if (outcome) one.resolve(outcome);
    else one.reject(new Error("a posting was left without an outcome"));
  }
}

function fail(batch: readonly Waiting[], error: unknown): void {
  for (const { reject } of batch) reject(error);
}

function nameOf({ applicationId, mode }: Scope): string {
  return `${applicationId} ${mode}`;
}

/** The connection went, or the time ran out, with the commit on its way: it may have happened. */
function isUnknown(error: unknown): boolean {
  return (
    error instanceof DomainError &&
    (error.reason === "SERVICE_UNAVAILABLE" || error.reason === "DEADLINE_EXCEEDED")
  );
}

/** The statement's time ran out: less at once may fit. */
function isTooSlow(error: unknown): boolean {
  return error instanceof DomainError && error.reason === "DEADLINE_EXCEEDED";
}

function busy(): DomainError {
  return new DomainError("SERVICE_UNAVAILABLE", "The ledger is busy.", {
    retryAfterSeconds: 1,
    metadata: { cause: "LEDGER_BUSY" },
  });
}
