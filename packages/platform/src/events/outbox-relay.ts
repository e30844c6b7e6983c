import {
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  headers as natsHeaders,
} from "nats";
import { type Loop, startLoop } from "../service/loop.ts";
import { untilStopped } from "../service/patience.ts";
import type { Logger } from "../telemetry/logger.ts";
import { lifeOf, type NatsLink } from "./nats-link.ts";
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
  /**
   * Un-publishes what lies above the stream's own last sequence: the stream lost its tail. `front` names its first
   * one: what lies before that, is not acknowledged yet and is too young to have been removed by its age, was purged.
   */
  unpublishAbove(
    lastSeq: number,
    front?: { readonly firstSeq: number; readonly maxAgeDays: number },
  ): Promise<number>;
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
const PARTITIONS_RETRY_MS = 60_000;
const PUBLISH_TIMEOUT_MS = 5_000;

/** Carries committed events to the stream, and heals the stream when it lost some. PostgreSQL is the record. */
export function startOutboxRelay(options: {
  readonly store: OutboxStore;
  readonly link: NatsLink;
  readonly stream: StreamSettings;
  readonly log: Logger;
}): OutboxRelay {
  const { store, link, stream, log } = options;
  const heal = createHealer(options);
  let partitionsAtMs = Number.NEGATIVE_INFINITY;

  /** A day that cannot be made now must not hold up the events of today: the default partition takes them. */
  const keepPartitions = async (): Promise<void> => {
    if (performance.now() < partitionsAtMs) return;
    partitionsAtMs = performance.now() + PARTITIONS_EVERY_MS;
    try {
      await store.ensurePartitions();
    } catch (error) {
      partitionsAtMs = performance.now() + PARTITIONS_RETRY_MS;
      log.warn({ stream: stream.name, err: error }, "the outbox's days could not be made or dropped");
    }
  };

  const work = async (signal: AbortSignal): Promise<"more" | "idle"> => {
    if (!(await store.lead())) {
      heal.forget();
      return "idle";
    }
    await keepPartitions();
    const connection = link.current();
    if (!connection) return "idle";
    // The client waits seconds for an answer that went down with the connection; nobody else has to.
    const over = AbortSignal.any([signal, link.lost()]);
    await untilStopped(over, heal.whenDue(connection));
    const events = await store.unpublished(BATCH);
    if (events.length === 0) return "idle";
    const jetstream = connection.jetstream({ timeout: PUBLISH_TIMEOUT_MS });
    const { published, failure } = await publishAll(jetstream, events, over);
    await heal.beforeMark(connection, published);
    if (published.length > 0) await store.markPublished(published);
    if (failure) {
      // No responders or no stream: look at the stream before the next try.
      heal.forget();
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

type Published = PublishedEvent & {
  /** The stream had it already: the sequence is that of the first time. */
  readonly isRepeat: boolean;
};

type Healer = {
  /** Looks at the stream at the start, after every reconnect, after `forget` and every few seconds. */
  whenDue(connection: NatsConnection): Promise<void>;
  /** A sequence that was given out before means that the stream lost its tail since it was last looked at. */
  beforeMark(connection: NatsConnection, published: readonly Published[]): Promise<void>;
  forget(): void;
};

/** Makes the stream, notices a lost or damaged one, and un-publishes what went with it. */
function createHealer(options: Parameters<typeof startOutboxRelay>[0]): Healer {
  const { store, stream, log } = options;
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let floorSavedAtMs = Number.NEGATIVE_INFINITY;
  let life = "";
  let lastSeq = 0;
  const durables = new Set<string>();

  /** What every durable has acknowledged; nothing while one that was here is missing: it may need all of it again. */
  const readFloor = async (manager: JetStreamManager): Promise<number | null> => {
    const consumers = await manager.consumers.list(stream.name).next();
    for (const { name } of consumers) durables.add(name);
    if (consumers.length === 0 || consumers.length < durables.size) return null;
    return Math.min(...consumers.map((consumer) => consumer.ack_floor.stream_seq));
  };

  const look = async (connection: NatsConnection, keptUpTo = Number.POSITIVE_INFINITY): Promise<void> => {
    const now = lifeOf(connection);
    const manager = await connection.jetstreamManager({ timeout: PUBLISH_TIMEOUT_MS, checkAPI: false });
    const info = await ensureStream(manager, stream);
    const isFloorDue = performance.now() - floorSavedAtMs > ACK_FLOOR_EVERY_MS;
    // The floor first and the losses after it: a purge in between lifts the floor over what it removed.
    const floor = isFloorDue ? await readFloor(manager) : null;
    const { state, created } = await manager.streams.info(stream.name, { deleted_details: true });
    const entered = await store.enterEpoch(stream.name, created);
    const front = { firstSeq: state.first_seq, maxAgeDays: stream.maxAgeDays };
    const outside = await store.unpublishAbove(Math.min(state.last_seq, keptUpTo), front);
    const holes = await store.unpublishSeqs(state.deleted ?? []);
    const again = entered + outside + holes;
    if (again > 0)
      log.warn({ stream: stream.name, events: again }, "the stream lost events; they are published again");
    else if (floor !== null && info.created === created) {
      await store.saveAckFloor(stream.name, created, floor);
      floorSavedAtMs = performance.now();
    }
    lastSeq = state.last_seq;
    life = now;
    checkedAtMs = performance.now();
  };

  return {
    whenDue: async (connection) => {
      const isDue = performance.now() - checkedAtMs > CHECK_EVERY_MS || life !== lifeOf(connection);
      if (isDue) await look(connection);
    },
    beforeMark: async (connection, published) => {
      const fresh = published.filter(({ isRepeat }) => !isRepeat).map(({ streamSeq }) => streamSeq);
      const lowest = Math.min(...fresh);
      if (lowest <= lastSeq) await look(connection, lowest - 1);
      lastSeq = Math.max(lastSeq, ...fresh);
    },
    forget: () => {
      checkedAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Publishes in order with a bounded number in flight; what was acknowledged is returned even when others fail. */
async function publishAll(
  jetstream: JetStreamClient,
  events: readonly UnpublishedEvent[],
  signal: AbortSignal,
): Promise<{ published: Published[]; failure: Error | null }> {
  const published: Published[] = [];
  let failure: Error | null = null;
  const inFlight = new Set<Promise<void>>();
  for (const event of events) {
    if (failure || signal.aborted) break;
    const sent = publishOne(jetstream, event)
      .then((acknowledged) => {
        published.push(acknowledged);
      })
      .catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    if (inFlight.size >= IN_FLIGHT) await untilStopped(signal, Promise.race(inFlight)).catch(() => {});
  }
  // What is not acknowledged by then stays unpublished, and goes out again under the same id.
  await untilStopped(signal, Promise.all(inFlight)).catch(() => {});
  return { published: [...published], failure };
}

async function publishOne(jetstream: JetStreamClient, event: UnpublishedEvent): Promise<Published> {
  const headers = natsHeaders();
  for (const [name, value] of Object.entries(event.headers)) headers.set(name, value);
  // The stream's memory of ids may outlive a lost message, so a repeat goes under another message id; `ce-id`
  // stays, and consumers know events by it alone.
  const msgID = event.publishes === 0 ? event.id : `${event.id}:r${event.publishes}`;
  const { seq, duplicate } = await jetstream.publish(event.subject, event.payload, {
    msgID,
    headers,
    timeout: PUBLISH_TIMEOUT_MS,
  });
  return { seq: event.seq, createdAt: event.createdAt, streamSeq: seq, isRepeat: duplicate };
}
