import { create, toJsonString } from "@bufbuild/protobuf";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import type { Clock } from "@oi/platform/service/clock";
import { newEventId, type Random } from "@oi/platform/service/random";
import { EventParkedSchema } from "@oi/proto/ledger/v1/ledger_events";
import { toTimestamp } from "@oi/proto/public/time";
import type { ParkReason, ReceivedEvent } from "../../application/ports.ts";

const SUBJECT = "ledger.event.parked";

/** Makes the announcement that an event waits for a person. Its time informs; the row's own time is the database's. */
export function eventParked(ports: {
  readonly clock: Clock;
  readonly random: Random;
}): (event: ReceivedEvent, reason: ParkReason) => OutboxEvent {
  return (event, reason) => {
    const now = ports.clock.now();
    const id = newEventId(ports.random, now);
    const message = create(EventParkedSchema, {
      eventId: event.id,
      subject: event.subject,
      reason,
      occurredAt: toTimestamp(now),
    });
    return {
      id,
      subject: SUBJECT,
      aggregate: `event:${event.uuid}`,
      version: 1,
      headers: cloudEventHeaders({ id, source: "oi/ledger", type: SUBJECT, subject: event.id, time: now }),
      payload: toJsonString(EventParkedSchema, message),
    };
  };
}
