import { setImmediate as nextTurn } from "node:timers/promises";
import { DomainError } from "@oi/kernel/errors";
import { expect, it } from "vitest";
import type { PostingOutcome, Postings } from "../../application/ports.ts";
import type { Draft } from "../../domain/draft.ts";
import { captured, draft, freshScope } from "../../testing/facts.ts";
import { groupCommit, type LaneOptions } from "./lane.ts";

type Call = {
  readonly keys: readonly string[];
  readonly answer: () => void;
  readonly fail: (error: unknown) => void;
};

/** Postings whose calls wait until the test answers them. */
function heldPostings() {
  const calls: Call[] = [];
  const inner: Postings = {
    post: (_, drafts) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly PostingOutcome[]>();
      const outcomes = drafts.map((_draft, i): PostingOutcome => ({ code: "POSTED", seq: i + 1 }));
      calls.push({ keys: drafts.map(({ key }) => key), answer: () => resolve(outcomes), fail: reject });
      return promise;
    },
  };
  return { calls, inner };
}

const pauses: number[] = [];
const options: LaneOptions = {
  lanes: 2,
  queueMax: 2_000,
  pause: async (ms) => {
    pauses.push(ms);
  },
};
const away = new DomainError("SERVICE_UNAVAILABLE", "away");
const slow = new DomainError("DEADLINE_EXCEEDED", "slow");
const one = (paymentId: number): Draft => draft(captured({ paymentId }));
/** The turn in which an answer is heard, and the one after it in which the next batch is sent. */
async function soon(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await nextTurn();
}

it("sends an idle book's draft at once, and what arrives meanwhile as the next batch", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const scope = freshScope();
  const first = lane.post(scope, [one(1)]);
  const others = [2, 3, 4].map((id) => lane.post(scope, [one(id)]));
  expect(calls.map(({ keys }) => keys.length)).toEqual([1]);
  calls[0]?.answer();
  expect(await first).toEqual([{ code: "POSTED", seq: 1 }]);
  await soon();
  expect(calls[1]?.keys).toEqual([2, 3, 4].map((id) => `payment:${id}:captured`));
  calls[1]?.answer();
  expect((await Promise.all(others)).flat().map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

it("makes one batch of callers that were answered together and come again", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const scope = freshScope();
  const caller = async (id: number): Promise<void> => {
    await lane.post(scope, [one(id)]);
    await lane.post(scope, [one(id + 100)]);
  };
  const callers = Array.from({ length: 9 }, (_, i) => caller(i + 1));
  for (let i = 0; i < 4; i += 1) {
    calls[i]?.answer();
    await soon();
  }
  await Promise.all(callers);
  // The first of all came to an idle book; it comes again while the other eight are on their way.
  expect(calls.map(({ keys }) => keys.length)).toEqual([1, 8 + 1, 8]);
});

it("posts to as many books at once as it has lanes, and to the next when one is free", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const posts = [1, 2, 3].map((id) => lane.post(freshScope(), [one(id)]));
  expect(calls).toHaveLength(2);
  calls[0]?.answer();
  await posts[0];
  await soon();
  expect(calls).toHaveLength(3);
  for (const call of calls) call.answer();
  await Promise.all(posts);
});

it("keeps a batch within a thousand items", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const all = lane.post(
    freshScope(),
    Array.from({ length: 1_500 }, (_, i) => one(i + 1)),
  );
  expect(calls[0]?.keys).toHaveLength(1_000);
  calls[0]?.answer();
  await soon();
  expect(calls[1]?.keys).toHaveLength(500);
  calls[1]?.answer();
  expect(await all).toHaveLength(1_500);
});

it("keeps a batch within a mebibyte, and one draft is always a batch", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const long = (id: number, length: number): Draft => ({ ...one(id), details: "আ".repeat(length) });
  const drafts = [long(1, 400_000), ...Array.from({ length: 300 }, (_, i) => long(i + 2, 2_700))];
  const all = lane.post(freshScope(), drafts);
  expect(calls[0]?.keys).toHaveLength(1);
  calls[0]?.answer();
  await soon();
  // 8.1 KB and the rest of each.
  expect(calls[1]?.keys.length).toBeGreaterThan(100);
  expect(calls[1]?.keys.length).toBeLessThan(130);
  for (let i = 1; i < 4; i += 1) {
    calls[i]?.answer();
    await soon();
  }
  expect(await all).toHaveLength(301);
});

it("asks again with the same drafts when it cannot know what happened, waiting longer each time", async () => {
  pauses.length = 0;
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const posted = lane.post(freshScope(), [one(1), one(2)]);
  for (let i = 0; i < 9; i++) {
    calls[i]?.fail(away);
    await soon();
  }
  calls[9]?.answer();
  expect(await posted).toHaveLength(2);
  expect(new Set(calls.map(({ keys }) => keys.join()))).toHaveLength(1);
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

it("halves a batch until the draft that is to blame fails alone", async () => {
  const { inner } = heldPostings();
  const bad = one(3).key;
  const batches: string[][] = [];
  const picky: Postings = {
    ...inner,
    post: async (_, drafts) => {
      batches.push(drafts.map(({ key }) => key));
      if (drafts.some(({ key }) => key === bad)) throw new Error("numeric overflow");
      return drafts.map(() => ({ code: "POSTED", seq: 1 }));
    },
  };
  const lane = groupCommit(picky, options);
  const scope = freshScope();
  const posts = [1, 2, 3, 4, 5].map((id) => lane.post(scope, [one(id)]));
  const results = await Promise.allSettled(posts);
  expect(results.map(({ status }) => status)).toEqual([
    ...["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"],
  ]);
  expect(batches.filter((keys) => keys.includes(bad)).at(-1)).toEqual([bad]);
});

it("sends half as much when the statement's time ran out", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const posted = lane.post(freshScope(), [one(1), one(2), one(3)]);
  calls[0]?.fail(slow);
  await soon();
  expect(calls[1]?.keys).toHaveLength(2);
  calls[1]?.answer();
  await soon();
  calls[2]?.answer();
  expect(await posted).toHaveLength(3);
});

it("refuses what would wait without bound", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, { ...options, queueMax: 2 });
  const scope = freshScope();
  const kept = lane.post(scope, [one(1), one(2)]);
  await expect(lane.post(scope, [one(3)])).rejects.toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    metadata: { cause: "LEDGER_BUSY" },
  });
  calls[0]?.answer();
  await kept;
  const next = lane.post(scope, [one(3)]);
  await soon();
  calls[1]?.answer();
  await next;
});

it("waits for nobody once it ends", async () => {
  const { calls, inner } = heldPostings();
  const lane = groupCommit(inner, options);
  const posted = lane.post(freshScope(), [one(1)]);
  await lane[Symbol.asyncDispose]();
  calls[0]?.fail(away);
  await expect(posted).rejects.toBe(away);
});
