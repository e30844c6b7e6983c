import { cpSync, rmSync } from "node:fs";
import { eventually } from "@oi/testkit/eventually";
import { AckPolicy, DeliverPolicy } from "nats";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { idsOf, insertEvents, letGrowOld } from "../testing/outbox-rows.ts";
import { type RelayWorld, relayWorld, STREAM } from "../testing/relay-world.ts";
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

const idsIn = (messages: readonly StreamMessage[]): string[] =>
  messages.map(({ headers }) => headers["ce-id"] ?? "");

/** Healing is looked for every five seconds. */
const HEALED = { withinMs: 12_000 };

async function streamHolds(ids: readonly string[]): Promise<void> {
  await eventually(async () => expect(new Set(idsIn(await stream()))).toEqual(new Set(ids)), HEALED);
}

/** A durable that has acknowledged the first `acked` messages. */
async function acknowledge(acked: number): Promise<void> {
  await withNats(world.nats.url, async (manager, connection) => {
    await manager.consumers.add(STREAM.name, {
      durable_name: "reader",
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
    const consumer = await connection.jetstream().consumers.get(STREAM.name, "reader");
    const messages = await consumer.fetch({ max_messages: acked, expires: 5_000 });
    for await (const message of messages) await message.ackAck();
  });
}

async function wipe(): Promise<void> {
  await world.nats.kill();
  world.nats.wipe();
  await world.nats.start();
}

describe("a stream that was lost", () => {
  it("is made again and filled with all that is young", async () => {
    await using _relay = world.startRelay();
    await insert(1, 30);
    await streamHolds(idsOf(1, 30));
    await wipe();
    await streamHolds(idsOf(1, 30));
    await insert(31, 5);
    await streamHolds(idsOf(1, 35));
    const ids = idsIn(await stream());
    expect(ids).toHaveLength(35);
  });

  it("is filled with what nobody is known to have acknowledged, not with what is old and acknowledged", async () => {
    await using _relay = world.startRelay();
    await insert(1, 30);
    await streamHolds(idsOf(1, 30));
    await acknowledge(12);
    await eventually(
      async () => {
        const [row] = await world.platform.admin`select ack_floor::int as floor from stream_epoch`;
        expect(row).toEqual({ floor: 12 });
      },
      { withinMs: 16_000 },
    );
    await letGrowOld(world.platform.admin);
    await wipe();
    await streamHolds(idsOf(13, 18));
  });

  it("is filled although the relay was away while it happened", async () => {
    const before = world.startRelay();
    await insert(1, 10);
    await streamHolds(idsOf(1, 10));
    await before[Symbol.asyncDispose]();
    await wipe();
    await using _after = world.startRelay();
    await streamHolds(idsOf(1, 10));
  });
});

describe("a stream that is damaged", () => {
  it("gets single messages again that were deleted inside of it, under the same event id", async () => {
    await using _relay = world.startRelay();
    await insert(1, 20);
    await streamHolds(idsOf(1, 20));
    await withNats(world.nats.url, async (manager) => {
      for (const seq of [5, 6, 13]) await manager.streams.deleteMessage(STREAM.name, seq);
    });
    await streamHolds(idsOf(1, 20));
    const messages = await stream();
    expect(messages).toHaveLength(20);
    const repeats = messages.filter(({ seq }) => seq > 20).map(({ headers }) => headers["Nats-Msg-Id"]);
    expect(repeats.toSorted()).toEqual(["evt_13:r1", "evt_5:r1", "evt_6:r1"]);
  });

  it("gets again what was purged before it was acknowledged", async () => {
    await using _relay = world.startRelay();
    await insert(1, 20);
    await streamHolds(idsOf(1, 20));
    await withNats(world.nats.url, (manager) => manager.streams.purge(STREAM.name));
    await streamHolds(idsOf(1, 20));
  });

  it("gets its tail again when the disk went back in time, also what new events had replaced", async () => {
    const backup = `${world.nats.storeDir}.backup`;
    const relay = world.startRelay();
    await insert(1, 20);
    await streamHolds(idsOf(1, 20));
    await world.nats.stop();
    cpSync(world.nats.storeDir, backup, { recursive: true });
    await world.nats.start();
    await insert(21, 20);
    await streamHolds(idsOf(1, 40));
    await world.nats.kill();
    rmSync(world.nats.storeDir, { recursive: true, force: true });
    cpSync(backup, world.nats.storeDir, { recursive: true });
    rmSync(backup, { recursive: true, force: true });
    await insert(41, 5);
    await world.nats.start();
    await streamHolds(idsOf(1, 45));
    await relay[Symbol.asyncDispose]();
  });
});
