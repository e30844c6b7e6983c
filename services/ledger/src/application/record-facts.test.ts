import { assert } from "@oi/kernel/assert";
import { beforeEach, expect, it } from "vitest";
import { memoryLedger } from "../adapters/memory/memory-ledger.ts";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import type { Fact } from "../domain/fact.ts";
import { captured, freshEventUuid, lateMoney, RECORDED_AT, receivedEvent } from "../testing/facts.ts";
import { type ReadEvent, recordFacts } from "./record-facts.ts";

const LIVE = { applicationId: 7, mode: "LIVE" } as const;
const TEST = { applicationId: 7, mode: "TEST" } as const;

let ledger = memoryLedger({ now: () => RECORDED_AT });
let record = recordFacts({ ...ledger, sha256: nodeSha256 });

beforeEach(() => {
  ledger = memoryLedger({ now: () => RECORDED_AT });
  record = recordFacts({ ...ledger, sha256: nodeSha256 });
});

function eventWith(fact: Fact) {
  assert(fact.source !== null, "facts come from events");
  return { event: receivedEvent({ uuid: fact.source.eventUuid }), fact };
}

const seqOf = async (scope: typeof LIVE | typeof TEST): Promise<number | undefined> =>
  (await ledger.reads.allAccounts(scope))?.asOfSeq;

it("posts each fact to its own book", async () => {
  const facts = [captured(), lateMoney(), captured({ scope: TEST }), captured({ paymentId: 124 })];
  expect(await record(facts.map(eventWith))).toEqual([]);
  expect([await seqOf(LIVE), await seqOf(TEST)]).toEqual([3, 1]);
});

it("posts a redelivered batch once", async () => {
  const events = [eventWith(captured()), eventWith(lateMoney())];
  await record(events);
  await record([...events, eventWith(captured())]);
  expect(await seqOf(LIVE)).toBe(2);
});

it("parks another fact under a used business key, once, and posts its neighbours", async () => {
  await record([eventWith(captured())]);
  const conflict = eventWith(captured({ gateway: "other" }));
  const neighbour = eventWith(captured({ paymentId: 124 }));
  expect(await record([conflict, neighbour])).toEqual([{ event: conflict.event, reason: "KEY_CONFLICT" }]);
  expect(await record([conflict])).toEqual([]);
  expect(await seqOf(LIVE)).toBe(2);
  expect(ledger.parked()).toMatchObject([{ event: conflict.event, reason: "KEY_CONFLICT" }]);
});

it("reports an event that comes again with other content, once, and posts none of it", async () => {
  const original = eventWith(captured());
  await record([original]);
  const altered = { ...original, fact: captured({ paymentId: 124, source: original.fact.source }) };
  expect(await record([altered])).toEqual([{ event: altered.event, reason: "KEY_CONFLICT" }]);
  expect(await record([altered])).toEqual([]);
  expect(await record([original])).toEqual([]);
  expect(await seqOf(LIVE)).toBe(1);
  expect(ledger.parked()).toMatchObject([{ reason: "KEY_CONFLICT" }]);
});

it("parks what cannot be read and posts the rest", async () => {
  const event = receivedEvent({ uuid: freshEventUuid() });
  const unreadable: ReadEvent = { event, problem: "UNDECODABLE", error: "no JSON" };
  expect(await record([unreadable, eventWith(captured())])).toEqual([{ event, reason: "UNDECODABLE" }]);
  expect(await seqOf(LIVE)).toBe(1);
});

it("has nothing to do without facts", async () => {
  expect(await record([])).toEqual([]);
});
