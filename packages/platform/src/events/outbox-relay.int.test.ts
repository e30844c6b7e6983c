import { eventually } from "@oi/testkit/eventually";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { idsOf, insertEvents, outboxRows } from "../testing/outbox-rows.ts";
import { linesLogger, type RelayWorld, relayWorld, STREAM } from "../testing/relay-world.ts";
import { type StreamMessage, streamMessages, withNats } from "../testing/stream-messages.ts";

let world: RelayWorld;

beforeAll(async () => {
  world = await relayWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  await world.platform.admin`truncate outbox, stream_epoch`;
});

afterEach(async () => {
  await world.nats.start();
  await withNats(world.nats.url, (manager) => manager.streams.delete(STREAM.name).catch(() => {}));
});

const insert = (first: number, howMany: number): Promise<void> =>
  insertEvents(world.platform.admin, first, howMany);

const stream = (): Promise<StreamMessage[]> => streamMessages(world.nats.url, STREAM.name);

const idsIn = (messages: readonly StreamMessage[]): (string | undefined)[] =>
  messages.map(({ headers }) => headers["ce-id"]);

async function allPublished(howMany: number, withinMs = 20_000): Promise<void> {
  await eventually(
    async () => {
      const [row] = await world.platform.admin`
        select count(*)::int as total, count(published_at)::int as published from outbox`;
      expect(row).toEqual({ total: howMany, published: howMany });
    },
    { withinMs },
  );
}

describe("in quiet times", () => {
  it("makes the stream and publishes each event once, in order, with its headers and its id", async () => {
    await insert(1, 1_200);
    await using _relay = world.startRelay();
    await allPublished(1_200);
    const messages = await stream();
    expect(idsIn(messages)).toEqual(idsOf(1, 1_200));
    expect(messages[4]).toMatchObject({
      subject: "things.thing.made",
      payload: '{"n":5}',
      headers: { "Nats-Msg-Id": "evt_5", "ce-id": "evt_5", "ce-type": "things.thing.made" },
    });
    const rows = await outboxRows(world.platform.admin);
    expect(rows.map(({ streamSeq }) => streamSeq)).toEqual(messages.map(({ seq }) => seq));
    expect(new Set(rows.map(({ publishes }) => publishes))).toEqual(new Set([1]));
  });

  it("publishes at once when woken, and soon when nobody wakes it", async () => {
    await using relay = world.startRelay();
    await insert(1, 1);
    await allPublished(1);
    await insert(2, 1);
    relay.wake();
    await allPublished(2, 1_000);
    await insert(3, 1);
    await allPublished(3, 2_000);
  });

  it("has one leader: two relays publish nothing twice, and one takes over from the other", async () => {
    const first = world.startRelay();
    await using _second = world.startRelay();
    await insert(1, 300);
    await allPublished(300);
    await insert(301, 300);
    await first[Symbol.asyncDispose]();
    await allPublished(600);
    expect(idsIn(await stream())).toEqual(idsOf(1, 600));
  });

  it("goes on when its database session is ended", async () => {
    await using _relay = world.startRelay();
    await insert(1, 5);
    await allPublished(5);
    await world.platform
      .admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay'`;
    await insert(6, 5);
    await allPublished(10);
    expect(idsIn(await stream())).toEqual(idsOf(1, 10));
  });

  it("publishes although a day of the outbox cannot be made, because a long reader is in the way", async () => {
    const [row] = await world.platform.admin`
      select to_char((clock_timestamp() at time zone 'UTC')::date + 7, 'YYYYMMDD') as day`;
    await world.platform.admin.unsafe(`drop table if exists outbox_${row?.day}`);
    const lines: string[] = [];
    await insert(1, 5);
    await world.platform.admin.begin(async (reader) => {
      await reader`select count(*) from outbox`;
      await using _relay = world.startRelay(linesLogger(lines));
      await allPublished(5);
    });
    expect(lines.join("")).toContain("could not be made or dropped");
    await world.platform.admin`select ensure_outbox_partitions()`;
  });
});

describe("while NATS is away", () => {
  it("keeps the events, tries seldom, and publishes them all when it is back", async () => {
    await world.nats.stop();
    const lines: string[] = [];
    await using relay = world.startRelay(linesLogger(lines));
    await insert(1, 50);
    const begunMs = performance.now();
    await eventually(() => {
      relay.wake();
      expect(performance.now() - begunMs).toBeGreaterThan(1_500);
    });
    expect(lines.length).toBeLessThan(20);
    expect((await outboxRows(world.platform.admin)).filter(({ published }) => published)).toEqual([]);
    await world.nats.start();
    await allPublished(50);
    expect(idsIn(await stream())).toEqual(idsOf(1, 50));
  });

  it("stops promptly, whether it never found NATS or lost it in the middle of its work", async () => {
    await world.nats.stop();
    const never = world.startRelay();
    await insert(1, 10);
    await never[Symbol.asyncDispose]();
    await world.nats.start();
    const lost = world.startRelay();
    await allPublished(10);
    await insert(11, 400);
    lost.wake();
    await world.nats.kill();
    const begunMs = performance.now();
    await lost[Symbol.asyncDispose]();
    expect(performance.now() - begunMs).toBeLessThan(2_500);
  });

  it("loses nothing and doubles nothing over a kill in the middle of publishing", async () => {
    await using relay = world.startRelay();
    await insert(1, 20);
    await allPublished(20);
    await insert(21, 2_000);
    relay.wake();
    await eventually(async () => {
      const rows = await outboxRows(world.platform.admin);
      expect(rows.filter(({ published }) => published).length).toBeGreaterThan(20);
    });
    await world.nats.kill();
    await world.nats.start();
    await allPublished(2_020);
    const ids = idsIn(await stream());
    expect(new Set(ids)).toEqual(new Set(idsOf(1, 2_020)));
    expect(ids).toHaveLength(2_020);
  });
});
