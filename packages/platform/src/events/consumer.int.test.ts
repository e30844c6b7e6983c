import { DomainError } from "@oi/kernel/errors";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ConsumerWorld, consumerWorld, idSet, recorder } from "../testing/consumer-world.ts";
import type { InboundEvent } from "./envelope.ts";

let world: ConsumerWorld;

beforeAll(async () => {
  world = await consumerWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => world.reset());

describe("events", () => {
  it("are handled together, with all they carry, and acknowledged after that", async () => {
    await world.publish(1, 250);
    const { seen, batches, ids, note } = recorder();
    const floors: number[] = [];
    await using _consumer = world.consume(async (events) => {
      floors.push((await world.info()).ack_floor.stream_seq);
      note(events);
    });
    await eventually(() => expect(ids()).toEqual(idSet(1, 250)));
    await world.allAcknowledged(250);
    expect(seen[0]).toEqual({
      id: "evt_1",
      subject: "things.thing.made",
      headers: expect.objectContaining({ "ce-id": "evt_1" }),
      payload: '{"n":1}',
      deliveries: 1,
    });
    expect(seen).toHaveLength(250);
    expect(batches.length).toBeLessThan(100);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(floors[0]).toBe(0);
  });

  it("are handled together in as large a number as asked", async () => {
    await world.publish(1, 400);
    const { batches, ids, note } = recorder();
    const pace = { batch: 300, maxAckPending: 300 };
    await using _consumer = world.consume(async (events) => {
      // Whatever has arrived goes first; while it is handled the next batch fills.
      if (batches.length === 0)
        await eventually(async () => expect((await world.info()).num_ack_pending).toBe(300));
      note(events);
    }, pace);
    await eventually(() => expect(ids()).toEqual(idSet(1, 400)));
    const largest = Math.max(...batches.map(({ length }) => length));
    expect(largest).toBeGreaterThan(100);
    expect(largest).toBeLessThanOrEqual(300);
  });

  it("come again when handling failed, one delivery later", async () => {
    await world.publish(1, 1);
    const deliveries: number[] = [];
    await using _consumer = world.consume(async ([event]) => {
      deliveries.push(event?.deliveries ?? 0);
      if (deliveries.length < 3) throw new Error("not yet");
    });
    await world.allAcknowledged(1);
    expect(deliveries).toEqual([1, 2, 3]);
  });

  it("flow past one that always fails, and that one is put aside after ten deliveries", async () => {
    await world.publish(1, 20);
    const { ids, note } = recorder();
    const parked: { event: InboundEvent; error: unknown }[] = [];
    await using _consumer = world.consume(
      async (events) => {
        if (events.some(({ id }) => id === "evt_7")) throw new Error("poison");
        note(events);
      },
      { ackWaitMs: 100, park: async (event, error) => void parked.push({ event, error }) },
    );
    await eventually(() => expect(ids().size).toBe(19), { withinMs: 1_500 });
    expect(parked).toEqual([]);
    await eventually(() => expect(parked).toHaveLength(1));
    await world.allAcknowledged(20);
    expect(parked[0]).toMatchObject({
      event: { id: "evt_7", payload: '{"n":7}', deliveries: 10 },
      error: new Error("poison"),
    });
  });

  it("are not lost when they cannot be put aside either", async () => {
    await world.publish(1, 3);
    const { ids, note } = recorder();
    let parkings = 0;
    await using _consumer = world.consume(
      async (events) => {
        if (events.some(({ id }) => id === "evt_2")) throw new Error("poison");
        note(events);
      },
      {
        ackWaitMs: 100,
        park: async () => {
          parkings += 1;
          if (parkings < 3) throw new Error("no place");
        },
      },
    );
    await eventually(() => expect(ids()).toEqual(new Set(["evt_1", "evt_3"])));
    await world.allAcknowledged(3);
    expect(parkings).toBeGreaterThanOrEqual(3);
  });

  it("wait while the database is away, without a delivery being counted against them", async () => {
    await world.publish(1, 150);
    const { seen, ids, note } = recorder();
    let isAway = true;
    let attempts = 0;
    await using _consumer = world.consume(
      async (events) => {
        attempts += 1;
        if (isAway) throw new DomainError("SERVICE_UNAVAILABLE", "The database is away.");
        note(events);
      },
      { ackWaitMs: 30_000 },
    );
    await eventually(() => expect(attempts).toBeGreaterThan(4));
    expect(attempts).toBeLessThan(40);
    isAway = false;
    await eventually(() => expect(ids()).toEqual(idSet(1, 150)));
    await world.allAcknowledged(150);
    expect(new Set(seen.map(({ deliveries }) => deliveries))).toEqual(new Set([1]));
  });

  it("flow past one whose neighbour is away", async () => {
    await world.publish(1, 10);
    const { ids, note } = recorder();
    let isAway = true;
    await using _consumer = world.consume(async (events) => {
      if (isAway && events.some(({ id }) => id === "evt_1"))
        throw new DomainError("SERVICE_UNAVAILABLE", "Its neighbour is away.");
      note(events);
    });
    await eventually(() => expect(ids()).toEqual(idSet(2, 9)));
    isAway = false;
    await world.allAcknowledged(10);
  });

  it("whose time limit passed while they waited are handled once, not once for each delivery", async () => {
    await world.publish(1, 120);
    const { seen, ids, note } = recorder();
    const { promise, resolve } = Promise.withResolvers<void>();
    await using _consumer = world.consume(
      async (events) => {
        if (seen.length === 0) await promise;
        note(events);
      },
      { ackWaitMs: 200 },
    );
    // What waits behind the first batch is delivered several times meanwhile.
    await eventually(async () => expect((await world.info()).delivered.consumer_seq).toBeGreaterThan(300));
    resolve();
    await eventually(() => expect(ids()).toEqual(idSet(1, 120)));
    await world.allAcknowledged(120);
    expect(seen.length).toBeLessThanOrEqual(2 * 120);
  });
});
