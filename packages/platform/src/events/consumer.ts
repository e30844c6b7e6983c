import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
} from "nats";
import { type Loop, startLoop } from "../service/loop.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { InboundEvent } from "./envelope.ts";
import type { NatsLink } from "./nats-link.ts";
import { isMissing } from "./stream.ts";

export type EventConsumer = AsyncDisposable;

export type ConsumerOptions = {
  readonly link: NatsLink;
  readonly stream: string;
  /** The durable's name; replicas of a service share it. */
  readonly durable: string;
  readonly maxAckPending: number;
  readonly ackWaitMs: number;
  readonly log: Logger;
  /** Commits the effect of all of them, or rejects and nothing happened. */
  readonly handle: (events: readonly InboundEvent[]) => Promise<void>;
  /** Puts an event that failed too often aside, durably, so that it blocks no other. */
  readonly park: (event: InboundEvent, error: unknown) => Promise<void>;
};

const BATCH = 100;
const CHECK_EVERY_MS = 2_000;
const PARK_AFTER_DELIVERIES = 10;
const NAK_LIMIT = 3;

function toEvent(message: JsMsg): InboundEvent {
  const headers: Record<string, string> = {};
  for (const [name, [value]] of message.headers ?? []) headers[name] = value ?? "";
  return {
    id: headers["ce-id"] ?? "",
    subject: message.subject,
    headers,
    payload: message.string(),
    deliveries: message.info.deliveryCount ?? message.info.redeliveryCount,
  };
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

/**
 * Reads a stream through a durable pull consumer: whatever has arrived is handled together, and acknowledged, with
 * a confirmed ack, only after `handle` committed. It makes its durable again whenever that or the stream is lost.
 */
export function startConsumer(options: ConsumerOptions): EventConsumer {
  const { link, stream, durable, log } = options;
  const queue: JsMsg[] = [];
  let messages: ConsumerMessages | null = null;
  let created = "";
  let checkedAtMs = Number.NEGATIVE_INFINITY;

  const attach = async (manager: JetStreamManager, consumer: Consumer): Promise<void> => {
    await messages?.close();
    created = (await manager.consumers.info(stream, durable)).created;
    messages = await consumer.consume({
      max_messages: BATCH,
      idle_heartbeat: 1_000,
      expires: 5_000,
      callback: (message) => {
        queue.push(message);
        worker.wake();
      },
    });
  };

  /** Makes the durable when it is missing and starts reading when it is another one than before. */
  const ensure = async (): Promise<void> => {
    const connection = link.current();
    if (!connection) return;
    const manager = await connection.jetstreamManager();
    const info = await manager.consumers.info(stream, durable).catch(nullIfMissing);
    if (!info) {
      // The stream is made by the service that publishes to it; until then there is nothing to read.
      if (!(await manager.streams.info(stream).catch(nullIfMissing))) return;
      await manager.consumers.add(stream, {
        durable_name: durable,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: options.ackWaitMs * 1_000_000,
        max_ack_pending: options.maxAckPending,
      });
    }
    if (!messages || info?.created !== created) {
      await attach(manager, await connection.jetstream().consumers.get(stream, durable));
    }
    checkedAtMs = performance.now();
  };

  const settle = async (message: JsMsg, error: unknown): Promise<void> => {
    const event = toEvent(message);
    if (event.deliveries >= PARK_AFTER_DELIVERIES) {
      await options.park(event, error);
      await message.ackAck();
      log.error({ eventId: event.id, subject: event.subject, err: error }, "event parked");
      return;
    }
    // At first the stream may send it again at once; later the acknowledgement's time limit paces it.
    if (event.deliveries <= NAK_LIMIT) message.nak();
    log.warn(
      { eventId: event.id, subject: event.subject, deliveries: event.deliveries, err: error },
      "event failed",
    );
  };

  const handleBatch = async (batch: readonly JsMsg[]): Promise<void> => {
    try {
      await options.handle(batch.map(toEvent));
      await Promise.all(batch.map((message) => message.ackAck()));
    } catch (error) {
      const [only, ...others] = batch;
      if (only && others.length === 0) return settle(only, error);
      // One bad event must not hold up the others: each on its own.
      for (const message of batch) await handleBatch([message]);
    }
  };

  const work = async (): Promise<"more" | "idle"> => {
    if (performance.now() - checkedAtMs > CHECK_EVERY_MS) await ensure();
    const batch = queue.splice(0, BATCH);
    if (batch.length === 0) return "idle";
    await handleBatch(batch);
    return "more";
  };

  const worker: Loop = startLoop({ name: `consumer ${durable}`, everyMs: 250, log, work });
  return {
    [Symbol.asyncDispose]: async () => {
      await worker[Symbol.asyncDispose]();
      // What is queued and unhandled is delivered again to the next process.
      await messages?.close();
    },
  };
}
