import { DomainError } from "@oi/kernel/errors";
import type { JsMsg } from "nats";
import { type Loop, startLoop } from "../service/loop.ts";
import { untilStopped } from "../service/patience.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createInbox, DEFAULT_BATCH, type DurableOptions } from "./durable-inbox.ts";
import type { InboundEvent } from "./envelope.ts";

export type EventConsumer = AsyncDisposable;

export type ConsumerOptions = DurableOptions & {
  readonly log: Logger;
  /** Commits the effect of all of them, or rejects and nothing happened. */
  readonly handle: (events: readonly InboundEvent[]) => Promise<void>;
  /** Puts an event that failed too often aside, durably, so that it blocks no other. */
  readonly park: (event: InboundEvent, error: unknown) => Promise<void>;
};

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
    deliveries: message.info.deliveryCount,
  };
}

/** The database is away: no event's fault, so none is counted against it. */
function isOutage(error: unknown): boolean {
  return error instanceof DomainError && error.reason === "SERVICE_UNAVAILABLE";
}

/**
 * Reads a stream through a durable pull consumer: whatever has arrived is handled together, and acknowledged, with
 * a confirmed ack, only after `handle` committed. It makes its durable again whenever that or the stream is lost.
 */
export function startConsumer(options: ConsumerOptions): EventConsumer {
  const { durable, log } = options;
  const inbox = createInbox(options, () => worker.wake());
  const handler = createHandler(options);

  const work = async (signal: AbortSignal): Promise<"more" | "idle"> => {
    await untilStopped(signal, inbox.keepOpen());
    const batch = inbox.take(options.batch ?? DEFAULT_BATCH);
    if (batch.length === 0) return "idle";
    const unhandled = new Set(batch);
    try {
      await handler.handleAll(unhandled, signal);
    } finally {
      inbox.putBack(unhandled);
    }
    return "more";
  };

  const worker: Loop = startLoop({ name: `consumer ${durable}`, everyMs: 250, log, work });
  return {
    [Symbol.asyncDispose]: async () => {
      await worker[Symbol.asyncDispose]();
      await inbox.close();
    },
  };
}

type Handler = {
  /** Removes from `batch` what is done with. Rejects when it cannot go on just now. */
  handleAll(batch: Set<JsMsg>, signal: AbortSignal): Promise<void>;
};

function createHandler(options: ConsumerOptions): Handler {
  const { log } = options;

  const settle = async (message: JsMsg, error: unknown, signal: AbortSignal): Promise<void> => {
    const event = toEvent(message);
    const { id: eventId, subject, deliveries } = event;
    if (deliveries >= PARK_AFTER_DELIVERIES) {
      await options.park(event, error);
      await acknowledge([message], signal);
      log.error({ eventId, subject, err: error }, "event parked");
      return;
    }
    if (isOutage(error)) throw error;
    // At first the stream may send it again at once; later the acknowledgement's time limit paces it.
    if (deliveries <= NAK_LIMIT) message.nak();
    log.warn({ eventId, subject, deliveries, err: error }, "event failed");
  };

  /** Its effect is committed: an acknowledgement that gets lost only means that the event comes once more. */
  const acknowledge = async (batch: readonly JsMsg[], signal: AbortSignal): Promise<void> => {
    const acks = await untilStopped(signal, Promise.allSettled(batch.map((message) => message.ackAck())));
    const lost = acks.filter(({ status }) => status === "rejected").length;
    if (lost > 0) log.warn({ events: lost }, "acknowledgements were not confirmed; the events come again");
  };

  const tryHandle = async (batch: readonly JsMsg[]): Promise<{ readonly error: unknown } | null> => {
    try {
      await options.handle(batch.map(toEvent));
      return null;
    } catch (error) {
      return { error };
    }
  };

  return {
    handleAll: async (batch, signal) => {
      const all = [...batch];
      const failure = await tryHandle(all);
      if (!failure) {
        batch.clear();
        return acknowledge(all, signal);
      }
      // One bad event must not hold up the others: each on its own.
      for (const message of all) {
        if (signal.aborted) return;
        const own = all.length === 1 ? failure : await tryHandle([message]);
        if (own) {
          // In the end of the line, so that those behind it are tried before it.
          batch.delete(message);
          batch.add(message);
          await settle(message, own.error, signal);
        }
        batch.delete(message);
        if (!own) await acknowledge([message], signal);
      }
    },
  };
}
