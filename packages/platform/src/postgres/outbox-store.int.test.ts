import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OutboxStore, PublishedEvent, UnpublishedEvent } from "../events/outbox-relay.ts";
import { idsOf, insertEvents, letGrowOld, outboxRows } from "../testing/outbox-rows.ts";
import { type PlatformDatabase, platformDatabase } from "../testing/platform-database.ts";
import { postgresOutboxStore } from "./outbox-store.ts";

let platform: PlatformDatabase;
let store: OutboxStore;

beforeAll(async () => {
  platform = await platformDatabase();
  store = postgresOutboxStore(platform.config, "store");
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await platform.admin`truncate outbox, stream_epoch`;
});

const mark = (events: readonly UnpublishedEvent[], firstSeq: number): Promise<void> =>
  store.markPublished(
    events.map(({ seq, createdAt }, i): PublishedEvent => ({ seq, createdAt, streamSeq: firstSeq + i })),
  );

const unpublishedIds = async (): Promise<string[]> => (await store.unpublished(1_000)).map(({ id }) => id);

async function publish(first: number, howMany: number, firstSeq = first): Promise<void> {
  await insertEvents(platform.admin, first, howMany);
  await mark(await store.unpublished(1_000), firstSeq);
}

describe("the work list", () => {
  it("holds the oldest first, at most as many as asked for, with all that is published", async () => {
    await insertEvents(platform.admin, 1, 5);
    expect((await store.unpublished(2)).map(({ id }) => id)).toEqual(["evt_1", "evt_2"]);
    const [first] = await store.unpublished(1);
    expect(first).toMatchObject({
      id: "evt_1",
      subject: "things.thing.made",
      headers: { "ce-id": "evt_1", "ce-type": "things.thing.made" },
      payload: '{"n":1}',
      publishes: 0,
    });
  });

  it("loses what was marked, to the microsecond of its key, and nothing else", async () => {
    await insertEvents(platform.admin, 1, 50);
    const events = await store.unpublished(50);
    await mark(
      events.filter((_, i) => i % 2 === 0),
      100,
    );
    expect(await unpublishedIds()).toEqual(idsOf(1, 50).filter((_, i) => i % 2 === 1));
    expect((await outboxRows(platform.admin))[2]).toEqual({
      id: "evt_3",
      published: true,
      streamSeq: 101,
      publishes: 1,
    });
  });

  it("is in the order of the transactions' sequence, not of its digits", async () => {
    await platform.admin`alter sequence outbox_seq_seq restart with 95`;
    await insertEvents(platform.admin, 1, 10);
    expect((await store.unpublished(6)).map(({ seq }) => seq)).toEqual(["95", "96", "97", "98", "99", "100"]);
  });

  it("is read in order by an index, however long it is", async () => {
    await insertEvents(platform.admin, 1, 3_000);
    await platform.admin`analyze outbox`;
    const plan = await platform.admin`
      explain select seq::text, id, payload from outbox where published_at is null order by outbox.seq limit 500`;
    const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
    expect(text).toMatch(/Index Scan using outbox_\d+_seq_idx/);
    expect(text).not.toMatch(/-> {2}(Incremental )?Sort/);
  });
});

describe("un-publishing", () => {
  it("takes back what lies above the stream's end, under another number of attempts", async () => {
    await publish(1, 10);
    expect(await store.enterEpoch("THINGS", "one")).toBe(0);
    expect(await store.unpublishAbove(10)).toBe(0);
    expect(await store.unpublishAbove(7)).toBe(3);
    expect(await unpublishedIds()).toEqual(idsOf(8, 3));
    expect(await store.unpublishAbove(7)).toBe(0);
    expect((await store.unpublished(1))[0]?.publishes).toBe(1);
  });

  it("takes back nothing that was marked within the end", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 10);
    expect(await store.unpublishAbove(10)).toBe(0);
    expect(await unpublishedIds()).toEqual([]);
  });

  it("takes back single sequences", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 10);
    expect(await store.unpublishSeqs([])).toBe(0);
    expect(await store.unpublishSeqs([3, 7, 99])).toBe(2);
    expect(await unpublishedIds()).toEqual(["evt_3", "evt_7"]);
  });

  it("takes back what was purged before anybody acknowledged it, and nothing that was", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 10);
    await store.saveAckFloor("THINGS", "one", 4);
    expect(await store.unpublishAbove(10, { firstSeq: 8, maxAgeDays: 7 })).toBe(3);
    expect(await unpublishedIds()).toEqual(["evt_5", "evt_6", "evt_7"]);
  });

  it("leaves alone what its age removed from the stream", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 4);
    await platform.admin`update outbox set published_at = published_at - interval '1 day'`;
    await platform.admin`update stream_epoch set entered_at = entered_at - interval '2 days'`;
    expect(await store.unpublishAbove(4, { firstSeq: 5, maxAgeDays: 1 })).toBe(0);
  });

  it("asks an index, not a week of events", async () => {
    await publish(1, 2_000);
    await platform.admin`analyze outbox`;
    const plan = await platform.admin`
      explain select 1 from outbox where stream_seq > 1999 and created_at > clock_timestamp() - interval '7 days'`;
    expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toContain("stream_seq_idx");
  });
});

describe("another life of the stream", () => {
  it("takes back what nobody is known to have acknowledged, and what is young", async () => {
    expect(await store.enterEpoch("THINGS", "one")).toBe(0);
    await publish(1, 10);
    await store.saveAckFloor("THINGS", "one", 6);
    await letGrowOld(platform.admin);
    await publish(11, 2);
    expect(await store.enterEpoch("THINGS", "two")).toBe(6);
    expect(await unpublishedIds()).toEqual(idsOf(7, 6));
    expect(await store.enterEpoch("THINGS", "two")).toBe(0);
    const [epoch] = await platform.admin`select created, ack_floor::int from stream_epoch`;
    expect(epoch).toEqual({ created: "two", ack_floor: 0 });
  });

  it("takes back even what was acknowledged, while it is younger than ten minutes", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 3);
    await store.saveAckFloor("THINGS", "one", 3);
    expect(await store.enterEpoch("THINGS", "two")).toBe(3);
  });

  it("never mistakes a sequence of an earlier life for one of its own", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 10);
    await store.saveAckFloor("THINGS", "one", 10);
    await letGrowOld(platform.admin);
    expect(await store.enterEpoch("THINGS", "two")).toBe(0);
    await publish(11, 2, 1);
    expect(await store.unpublishAbove(2)).toBe(0);
    expect(await store.unpublishSeqs([5, 6])).toBe(0);
    await letGrowOld(platform.admin);
    expect(await store.enterEpoch("THINGS", "three")).toBe(2);
    expect(await unpublishedIds()).toEqual(["evt_11", "evt_12"]);
  });

  it("rewrites only what it takes back", async () => {
    await store.enterEpoch("THINGS", "one");
    await publish(1, 10);
    await store.saveAckFloor("THINGS", "one", 8);
    await letGrowOld(platform.admin);
    const versions = () =>
      platform.admin`select id, xmin::text from outbox where published_at is not null order by seq`;
    const before = await versions();
    await store.enterEpoch("THINGS", "two");
    expect(await versions()).toEqual(before.slice(0, 8));
  });

  it("keeps the floor of its own time only, and never lowers it", async () => {
    const floor = async () =>
      (await platform.admin`select ack_floor::int as floor from stream_epoch`)[0]?.floor;
    await store.enterEpoch("THINGS", "one");
    await store.saveAckFloor("THINGS", "one", 5);
    await store.saveAckFloor("THINGS", "one", 3);
    expect(await floor()).toBe(5);
    await store.saveAckFloor("THINGS", "other", 9);
    expect(await floor()).toBe(5);
  });
});

describe("leading", () => {
  it("is for one at a time, and passes on when the leader closes", async () => {
    const first = postgresOutboxStore(platform.config, "first");
    await using second = postgresOutboxStore(platform.config, "second");
    expect(await first.lead()).toBe(true);
    expect(await first.lead()).toBe(true);
    expect(await second.lead()).toBe(false);
    await first[Symbol.asyncDispose]();
    await eventually(async () => expect(await second.lead()).toBe(true));
  });

  it("passes on when the leader's session is ended, and the first one knows it", async () => {
    await using first = postgresOutboxStore(platform.config, "first");
    await using second = postgresOutboxStore(platform.config, "second");
    expect(await first.lead()).toBe(true);
    await platform.admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'first'`;
    await eventually(async () => expect(await second.lead()).toBe(true));
    await eventually(async () => expect(await first.lead()).toBe(false));
    expect(await second.lead()).toBe(true);
  });
});
