import { type JetStreamClient, type NatsConnection, headers as natsHeaders } from "nats";
import { type Loop, startLoop } from "../service/loop.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { NatsLink } from "./nats-link.ts";
import { ensureStream, type StreamSettings } from "./stream.ts";

export type UnpublishedEvent = {
  readonly seq: string;
  /** Exact text of the database's time; it never goes through a Date, which would cut it. */
  readonly createdAt: string;
  readonly id: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
  /** How often it was published before. */
  readonly publishes: number;
};

export type PublishedEvent = { readonly seq: string; readonly createdAt: string; readonly streamSeq: number };

/** The relay's side of an outbox. One holder per database leads; the others wait. */
export interface OutboxStore extends AsyncDisposable {
  /** True while this process leads. */
  lead(): Promise<boolean>;
  /** The oldest unpublished events. */
  unpublished(limit: number): Promise<readonly UnpublishedEvent[]>;
  markPublished(stream: readonly PublishedEvent[]): Promise<void>;
  /** Remembers the stream's life; another `created` un-publishes what may be lost. Returns how many rows. */
  enterEpoch(stream: string, created: string): Promise<number>;
  /** Un-publishes what lies above the stream's own last sequence: the stream lost its tail. */
  unpublishAbove(lastSeq: number): Promise<number>;
  /** Un-publishes rows whose message is gone from inside the stream. */
  unpublishSeqs(seqs: readonly number[]): Promise<number>;
  /** Everything at or below was acknowledged by every consumer after its commit. */
  saveAckFloor(stream: string, created: string, floor: number): Promise<void>;
  /** Makes the coming days' partitions and drops the old ones that hold nothing unpublished. */
  ensurePartitions(): Promise<void>;
}

export type OutboxRelay = AsyncDisposable & { wake(): void };

const BATCH = 500;
const IN_FLIGHT = 256;
const POLL_MS = 250;
const CHECK_EVERY_MS = 5_000;
const ACK_FLOOR_EVERY_MS = 10_000;
const PARTITIONS_EVERY_MS = 3_600_000;
const PUBLISH_TIMEOUT_MS = 5_000;

/** Carries committed events to the stream, and heals the stream when it lost some. PostgreSQL is the record. */
export function startOutboxRelay(options: {
  readonly store: OutboxStore;
  readonly link: NatsLink;
  readonly stream: StreamSettings;
  readonly log: Logger;
}): OutboxRelay {
  const { store, link, stream, log } = options;
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let ackFloorAtMs = Number.NEGATIVE_INFINITY;
  let partitionsAtMs = Number.NEGATIVE_INFINITY;

  /** Makes the stream, notices a lost or damaged one, and un-publishes what went with it. */
  const heal = async (connection: NatsConnection): Promise<void> => {
    const manager = await connection.jetstreamManager({ timeout: PUBLISH_TIMEOUT_MS });
    const info = await ensureStream(manager, stream);
    const lost = await store.enterEpoch(stream.name, info.created);
    const cut = await store.unpublishAbove(info.state.last_seq);
    let holes = 0;
    if (info.state.num_deleted) {
      const detail = await manager.streams.info(stream.name, { deleted_details: true });
      holes = await store.unpublishSeqs(detail.state.deleted ?? []);
    }
    const again = lost + cut + holes;
    if (again > 0)
      log.warn({ stream: stream.name, events: again }, "the stream lost events; they are published again");
    if (performance.now() - ackFloorAtMs > ACK_FLOOR_EVERY_MS && again === 0) {
      ackFloorAtMs = performance.now();
      const consumers = await manager.consumers.list(stream.name).next();
      const floors = consumers.map((consumer) => consumer.ack_floor.stream_seq);
      if (floors.length > 0) await store.saveAckFloor(stream.name, info.created, Math.min(...floors));
    }
    checkedAtMs = performance.now();
  };

  const work = async (): Promise<"more" | "idle"> => {
    const connection = link.current();
    if (!(await store.lead())) return "idle";
    if (performance.now() - partitionsAtMs > PARTITIONS_EVERY_MS) {
      await store.ensurePartitions();
      partitionsAtMs = performance.now();
    }
    if (!connection) return "idle";
    if (performance.now() - checkedAtMs > CHECK_EVERY_MS) await heal(connection);
    const events = await store.unpublished(BATCH);
    if (events.length === 0) return "idle";
    const jetstream = connection.jetstream({ timeout: PUBLISH_TIMEOUT_MS });
    const { published, failure } = await publishAll(jetstream, events);
    if (published.length > 0) await store.markPublished(published);
    if (failure) {
      // No responders or no stream: look at the stream before the next try.
      checkedAtMs = Number.NEGATIVE_INFINITY;
      throw failure;
    }
    return "more";
  };

  const loop: Loop = startLoop({ name: `relay ${stream.name}`, everyMs: POLL_MS, log, work });
  return {
    wake: loop.wake,
    [Symbol.asyncDispose]: async () => {
      await loop[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Publishes in order with a bounded number in flight; what was acknowledged is returned even when others fail. */
async function publishAll(
  jetstream: JetStreamClient,
  events: readonly UnpublishedEvent[],
): Promise<{ published: PublishedEvent[]; failure: Error | null }> {
  const published: PublishedEvent[] = [];
  let failure: Error | null = null;
  const inFlight = new Set<Promise<void>>();
  for (const event of events) {
    if (failure) break;
    const sent = publishOne(jetstream, event)
      .then((streamSeq) => {
        published.push({ seq: event.seq, createdAt: event.createdAt, streamSeq });
      })
      .catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  return { published, failure };
}

async function publishOne(jetstream: JetStreamClient, event: UnpublishedEvent): Promise<number> {
  const headers = natsHeaders();
  for (const [name, value] of Object.entries(event.headers)) headers.set(name, value);
  // The stream's memory of ids may outlive a lost message, so a repeat goes under another message id; `ce-id`
  // stays, and consumers know events by it alone.
  const msgID = event.publishes === 0 ? event.id : `${event.id}:r${event.publishes}`;
  const ack = await jetstream.publish(event.subject, event.payload, {
    msgID,
    headers,
    timeout: PUBLISH_TIMEOUT_MS,
  });
  return ack.seq;
}
