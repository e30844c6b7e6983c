import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ConsumerWorld, consumerWorld, idSet, recorder } from "../testing/consumer-world.ts";
import { STREAM } from "../testing/relay-world.ts";
import { withNats } from "../testing/stream-messages.ts";
import { ensureStream } from "./stream.ts";

let world: ConsumerWorld;

beforeAll(async () => {
  world = await consumerWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => world.reset());

describe("the durable", () => {
  it("is made with its limits, and starts at the beginning of the stream", async () => {
    await world.publish(1, 3);
    const { ids, handle } = recorder();
    await using _consumer = world.consume(handle, { ackWaitMs: 30_000, maxAckPending: 17 });
    await eventually(() => expect(ids()).toEqual(idSet(1, 3)));
    expect((await world.info()).config).toMatchObject({
      durable_name: "reader",
      ack_policy: "explicit",
      deliver_policy: "all",
      ack_wait: 30_000_000_000,
      max_ack_pending: 17,
      max_deliver: -1,
    });
  });

  it("waits for a stream that does not exist yet", async () => {
    await withNats(world.nats.url, (manager) => manager.streams.delete(STREAM.name));
    const { ids, handle } = recorder();
    await using _consumer = world.consume(handle);
    await withNats(world.nats.url, (manager) => ensureStream(manager, STREAM));
    await world.publish(1, 2);
    await eventually(() => expect(ids()).toEqual(idSet(1, 2)));
  });

  it("is made again when it was deleted", async () => {
    const { ids, handle } = recorder();
    await using _consumer = world.consume(handle);
    await world.publish(1, 2);
    await world.allAcknowledged(2);
    await withNats(world.nats.url, (manager) => manager.consumers.delete(STREAM.name, "reader"));
    await world.publish(3, 2);
    await eventually(() => expect(ids()).toEqual(idSet(1, 4)), { withinMs: 10_000 });
    await world.allAcknowledged(4);
  });

  it("is made again when the stream was lost and made again", async () => {
    const { ids, handle } = recorder();
    await using _consumer = world.consume(handle);
    await world.publish(1, 2);
    await world.allAcknowledged(2);
    await withNats(world.nats.url, async (manager) => {
      await manager.streams.delete(STREAM.name);
      await ensureStream(manager, STREAM);
    });
    await world.publish(3, 2);
    await eventually(() => expect(ids()).toEqual(idSet(1, 4)), { withinMs: 10_000 });
    await world.allAcknowledged(2);
  });

  it("is shared: two processes divide the work and lose none of it", async () => {
    const [one, two] = [recorder(), recorder()];
    await using _first = world.consume(one.handle, { maxAckPending: 40 });
    await using _second = world.consume(two.handle, { maxAckPending: 40 });
    await eventually(async () => expect((await world.info()).num_waiting).toBeGreaterThanOrEqual(2));
    await world.publish(1, 400);
    await eventually(() => expect(new Set([...one.ids(), ...two.ids()])).toEqual(idSet(1, 400)));
    await world.allAcknowledged(400);
    expect(Math.min(one.seen.length, two.seen.length)).toBeGreaterThan(0);
  });
});

describe("stopping", () => {
  it("finishes and acknowledges the batch in hand, and gives back the rest at once", async () => {
    await world.publish(1, 150);
    const first = recorder();
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopping = world.consume(
      async (events) => {
        await promise;
        first.note(events);
      },
      { ackWaitMs: 4_000 },
    );
    await eventually(async () => expect((await world.info()).num_ack_pending).toBe(150));
    const stopped = stopping[Symbol.asyncDispose]();
    resolve();
    await stopped;
    const second = recorder();
    await using _next = world.consume(second.handle, { ackWaitMs: 4_000 });
    // The server may send one or two of them to a reader that is gone; those come when their time limit passes.
    await eventually(() => expect(first.seen.length + second.seen.length).toBeGreaterThan(140), {
      withinMs: 2_000,
    });
    await eventually(() => expect(first.seen.length + second.seen.length).toBe(150), { withinMs: 8_000 });
    await world.allAcknowledged(150);
    expect(new Set([...first.ids(), ...second.ids()])).toEqual(idSet(1, 150));
  });

  it("is prompt while NATS is away, before and after it was found", async () => {
    await world.publish(1, 5);
    const { ids, handle } = recorder();
    const found = world.consume(handle);
    await eventually(() => expect(ids().size).toBe(5));
    await world.nats.kill();
    const never = world.consume(handle);
    const begunMs = performance.now();
    await Promise.all([found[Symbol.asyncDispose](), never[Symbol.asyncDispose]()]);
    expect(performance.now() - begunMs).toBeLessThan(2_500);
  });

  it("and starting of the broker in between loses nothing", async () => {
    const { ids, handle } = recorder();
    await using _consumer = world.consume(handle);
    await world.publish(1, 5);
    await eventually(() => expect(ids().size).toBe(5));
    await world.nats.kill();
    await world.nats.start();
    await world.publish(6, 5);
    await eventually(() => expect(ids()).toEqual(idSet(1, 10)), { withinMs: 10_000 });
    await world.allAcknowledged(10);
  });
});
