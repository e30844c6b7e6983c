import { eventually } from "@oi/testkit/eventually";
import { type TestNats, testNats } from "@oi/testkit/nats";
import { type ConsumerInfo, headers } from "nats";
import { expect } from "vitest";
import { type ConsumerOptions, type EventConsumer, startConsumer } from "../events/consumer.ts";
import type { InboundEvent } from "../events/envelope.ts";
import { openNats } from "../events/nats-link.ts";
import { ensureStream } from "../events/stream.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { STREAM } from "./relay-world.ts";
import { withNats } from "./stream-messages.ts";

type Changes = Partial<Pick<ConsumerOptions, "park" | "ackWaitMs" | "maxAckPending" | "batch">>;

export type ConsumerWorld = AsyncDisposable & {
  readonly nats: TestNats;
  /** An empty stream and no durable. */
  reset(): Promise<void>;
  /** A consumer with a link of its own, as a process has them. Disposing it stops both. */
  consume(handle: ConsumerOptions["handle"], changes?: Changes): EventConsumer;
  /** `evt_<first>` and so on. */
  publish(first: number, howMany: number): Promise<void>;
  info(): Promise<ConsumerInfo>;
  /** Waits until nothing is left for anybody: all of it was delivered and acknowledged. */
  allAcknowledged(upTo: number): Promise<void>;
};

function consume(url: string, handle: ConsumerOptions["handle"], changes: Changes): EventConsumer {
  const link = openNats({ url, name: "test" });
  const consumer = startConsumer({
    link,
    stream: STREAM.name,
    durable: "reader",
    maxAckPending: 256,
    ackWaitMs: 500,
    log: silentLogger(),
    handle,
    park: async () => expect.fail("nothing should be parked here"),
    ...changes,
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await consumer[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}

function publish(url: string, first: number, howMany: number): Promise<void> {
  return withNats(url, async (_, connection) => {
    const jetstream = connection.jetstream();
    for (let n = first; n < first + howMany; n++) {
      const attributes = headers();
      attributes.set("ce-id", `evt_${n}`);
      await jetstream.publish("things.thing.made", `{"n":${n}}`, { headers: attributes });
    }
  });
}

export async function consumerWorld(): Promise<ConsumerWorld> {
  const nats = await testNats();
  const info = (): Promise<ConsumerInfo> =>
    withNats(nats.url, (manager) => manager.consumers.info(STREAM.name, "reader"));
  return {
    nats,
    reset: async () => {
      await nats.start();
      await withNats(nats.url, async (manager) => {
        await manager.streams.delete(STREAM.name).catch(() => {});
        await ensureStream(manager, STREAM);
      });
    },
    consume: (handle, changes = {}) => consume(nats.url, handle, changes),
    publish: (first, howMany) => publish(nats.url, first, howMany),
    info,
    allAcknowledged: (upTo) =>
      eventually(async () => {
        const { num_pending, num_ack_pending, ack_floor } = await info();
        expect({ num_pending, num_ack_pending, floor: ack_floor.stream_seq }).toEqual({
          num_pending: 0,
          num_ack_pending: 0,
          floor: upTo,
        });
      }),
    [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose](),
  };
}

/** An inbox: what was handled, how often, and in which batches. */
export function recorder() {
  const batches: string[][] = [];
  const seen: InboundEvent[] = [];
  const note = (events: readonly InboundEvent[]): void => {
    batches.push(events.map(({ id }) => id));
    seen.push(...events);
  };
  const ids = (): Set<string> => new Set(seen.map(({ id }) => id));
  return { batches, seen, note, ids, handle: async (events: readonly InboundEvent[]) => note(events) };
}

export const idSet = (first: number, howMany: number): Set<string> =>
  new Set(Array.from({ length: howMany }, (_, i) => `evt_${first + i}`));
