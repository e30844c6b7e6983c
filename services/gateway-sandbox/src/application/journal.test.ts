import { expect, it } from "vitest";
import { createJournal, type RequestEntry } from "./journal.ts";

const request: RequestEntry = {
  kind: "request",
  op: "query",
  method: "GET",
  path: "/",
  tranId: "pay_1",
  params: {},
  fault: null,
  httpStatus: null,
  answer: null,
};

const journalOf = (count: number) => {
  const journal = createJournal();
  for (let i = 0; i < count; i++) journal.add(i, { ...request });
  return journal;
};
const numbersAfter = (journal: ReturnType<typeof journalOf>, seq: number) =>
  journal.listAfter(seq).map((entry) => entry.seq);

it("lists what came after a number and nothing else", () => {
  const journal = journalOf(3);
  expect([0, 1, 3, 9].map((seq) => numbersAfter(journal, seq))).toEqual([[1, 2, 3], [2, 3], [], []]);
});

it("numbers on after it was cleared", () => {
  const journal = journalOf(3);
  const before = journal.lastSeq();
  journal.clear();
  expect(numbersAfter(journal, before)).toEqual([]);
  journal.add(0, { ...request });
  expect(numbersAfter(journal, before)).toEqual([4]);
});

it("fills the answer of a stored entry in", () => {
  const journal = createJournal();
  const entry = journal.add(5, { ...request });
  entry.httpStatus = 200;
  expect(journal.list()).toMatchObject([{ seq: 1, at: 5, httpStatus: 200 }]);
});

it("lets the oldest make room", () => {
  const journal = journalOf(100_001);
  expect(journal.list()).toHaveLength(90_001);
  expect(journal.list()[0]?.seq).toBe(10_001);
  expect(numbersAfter(journal, 100_000)).toEqual([100_001]);
});
