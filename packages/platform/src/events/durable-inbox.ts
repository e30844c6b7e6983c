import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
} from "nats";
import { untilStopped } from "../service/patience.ts";
import { lifeOf, type NatsLink } from "./nats-link.ts";
import { isMissing } from "./stream.ts";

export type DurableOptions = {
  readonly link: NatsLink;
  readonly stream: string;
  /** The durable's name; replicas of a service share it. */
  readonly durable: string;
  readonly maxAckPending: number;
  readonly ackWaitMs: number;
  /** How many messages are asked for ahead, and handled together at most; 100 when absent. */
  readonly batch?: number;
};

export const DEFAULT_BATCH = 100;
const CHECK_EVERY_MS = 2_000;

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

/** What has arrived from a durable and is not handled yet. */
type Inbox = {
  /** Makes the durable when it is missing and starts reading when it is another one than before. */
  keepOpen(): Promise<void>;
  take(limit: number): JsMsg[];
  putBack(messages: Iterable<JsMsg>): void;
  /** Stops reading; what was not taken is given back and delivered again to another process, or to the next. */
  close(): Promise<void>;
};

/** Finds the durable or makes it; when it was made, or null while there is no stream to make it on. */
async function ensureDurable(manager: JetStreamManager, options: DurableOptions): Promise<string | null> {
  const { stream, durable } = options;
  const known = await manager.consumers.info(stream, durable).catch(nullIfMissing);
  if (known) return known.created;
  // The stream is made by the service that publishes to it; until then there is nothing to read.
  if (!(await manager.streams.info(stream).catch(nullIfMissing))) return null;
  const made = await manager.consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: options.ackWaitMs * 1_000_000,
    max_ack_pending: options.maxAckPending,
  });
  return made.created;
}

export function createInbox(options: DurableOptions, onMessage: () => void): Inbox {
  const { link, stream, durable, batch = DEFAULT_BATCH } = options;
  // By sequence: a message whose time limit passed while it waited comes again and takes its own place.
  const waiting = new Map<number, JsMsg>();
  let messages: ConsumerMessages | null = null;
  let reading = 0;
  let created = "";
  let life = "";
  let checkedAtMs = Number.NEGATIVE_INFINITY;

  const attach = async (consumer: Consumer): Promise<void> => {
    const before = messages;
    messages = null;
    reading += 1;
    const mine = reading;
    await before?.close();
    // They are of another durable, perhaps of another stream: an acknowledgement would hit whatever has their number.
    waiting.clear();
    messages = await consumer.consume({
      max_messages: batch,
      idle_heartbeat: 1_000,
      expires: 5_000,
      callback: (message) => {
        if (mine !== reading) return;
        waiting.set(message.seq, message);
        onMessage();
      },
    });
  };

  const look = async (connection: NatsConnection): Promise<void> => {
    const now = lifeOf(connection);
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const durableCreated = await ensureDurable(manager, options);
    if (durableCreated === null) return;
    if (!messages || durableCreated !== created) {
      await attach(await connection.jetstream().consumers.get(stream, durable));
      created = durableCreated;
    }
    life = now;
    checkedAtMs = performance.now();
  };

  const giveBack = async (connection: NatsConnection): Promise<void> => {
    for (const message of waiting.values()) message.nak();
    waiting.clear();
    await connection.flush();
  };

  return {
    keepOpen: async () => {
      const connection = link.current();
      if (!connection) return;
      if (performance.now() - checkedAtMs > CHECK_EVERY_MS || life !== lifeOf(connection))
        await look(connection);
    },
    take: (limit) => {
      const batch = [...waiting.values().take(limit)];
      for (const { seq } of batch) waiting.delete(seq);
      return batch;
    },
    putBack: (unhandled) => {
      for (const message of unhandled) if (!waiting.has(message.seq)) waiting.set(message.seq, message);
    },
    close: async () => {
      const before = messages;
      messages = null;
      reading += 1;
      await before?.close();
      const connection = link.current();
      if (!connection) return;
      // First the server must know that nobody reads here any more: what is given back would be sent here again.
      const givenBack = connection.flush().then(() => giveBack(connection));
      // A second at most, and no failure: what is not given back comes again when its time limit passes.
      await untilStopped(AbortSignal.abort(), givenBack).catch(() => {});
    },
  };
}
