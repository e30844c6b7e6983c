import { DomainError } from "@oi/kernel/errors";
import { type EventConsumer, startConsumer } from "@oi/platform/events/consumer";
import type { NatsLink } from "@oi/platform/events/nats-link";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { ParkedEvents } from "../../application/ports.ts";
import type { Parked, ReadEvent } from "../../application/record-facts.ts";
import type { Sha256 } from "../../domain/canonical-bytes.ts";
import { readEvent, received } from "./read-event.ts";

export type PaymentsConsumerOptions = {
  readonly link: NatsLink;
  readonly maxAckPending: number;
  readonly ackWaitMs: number;
  readonly recordFacts: (events: readonly ReadEvent[]) => Promise<readonly Parked[]>;
  readonly parkedEvents: ParkedEvents;
  readonly sha256: Sha256;
  readonly log: Logger;
};

/** As many as the posting lane takes into one commit. */
const LARGEST_BATCH = 1_000;

/** Reads the stream of `payments` and records its facts; an event is acknowledged only after its posting committed. */
export function startPaymentsConsumer(options: PaymentsConsumerOptions): EventConsumer {
  const { link, maxAckPending, ackWaitMs, recordFacts, parkedEvents, sha256, log } = options;
  return startConsumer({
    link,
    stream: "PAYMENTS",
    durable: "ledger",
    maxAckPending,
    // What is in flight is one batch: the more of it, the fewer flushes.
    batch: Math.min(maxAckPending, LARGEST_BATCH),
    ackWaitMs,
    log,
    handle: async (events) => {
      const parked = await recordFacts(events.flatMap((event) => readEvent(event, sha256) ?? []));
      for (const { event, reason } of parked) {
        log.error(
          { eventId: event.id, subject: event.subject, reason },
          "event cannot be posted and is parked",
        );
      }
    },
    park: async (event, error) => {
      if (isDatabaseAway(error)) throw error;
      await parkedEvents.park(received(event, sha256), "FAILED", messageOf(error));
    },
  });
}

/** An event is not to blame for a database that is away: it stays in the stream however often it was tried. */
function isDatabaseAway(error: unknown): boolean {
  return (
    error instanceof DomainError &&
    (error.reason === "SERVICE_UNAVAILABLE" || error.reason === "DEADLINE_EXCEEDED")
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
